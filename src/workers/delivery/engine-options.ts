/** What the engine is made with; app/ holds the real things against these shapes. */
import type { Log } from '../../lib/log.ts';
import type { Deps } from '../../usecases/context.ts';
import type { DeliveryObserver } from './measures.ts';
import type { SendRequest } from './sender.ts';

export type EngineLimits = {
  /** Requests at once, below the HTTP client's own limit. */
  inFlightMax: number;
  /** How long without a wake-up until the table is read. */
  pollMs: number;
};

export type EngineOptions = Pick<
  Deps,
  'database' | 'clock' | 'secretBox' | 'version' | 'announceChange' | 'wakeEndpoints'
> & {
  send: SendRequest;
  log: Log;
  workerName: string;
  limits: EngineLimits;
  observe: DeliveryObserver;
  /** Whether changes are heard of (wake-ups' `isListening`). */
  isListening(): boolean;
  random?: () => number;
};

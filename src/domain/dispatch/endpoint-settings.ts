/** What the engine must know of an endpoint to send to it; secrets and headers are open here. */
import type { EndpointId, TenantId } from '../ids.ts';
import type { PauseReason } from './endpoint-health.ts';

export type SigningSecret = {
  key: Uint8Array;
  /** Database time; null: no end. */
  expiresAtMs: number | null;
};

export type EndpointSettings = {
  id: EndpointId;
  tenantId: TenantId;
  url: string;
  timeoutMs: number;
  /** The owner's own. */
  headers: Readonly<Record<string, string>>;
  secrets: readonly SigningSecret[];
  /** Seconds. */
  retrySchedule: readonly number[];
  maxInFlight: number;
  rateLimitPerSecond: number | null;
  ordered: boolean;
  status: 'active' | 'paused' | 'disabled' | 'deleted';
  /** Database times, as the row has them. */
  failingSinceMs: number | null;
  pausedUntilMs: number | null;
  pauseReason: PauseReason | null;
  /** When people last lifted a pause. */
  resumedAtMs: number | null;
  /** Why nothing can be sent although it is active (a secret that does not open), else null. */
  problem: string | null;
};

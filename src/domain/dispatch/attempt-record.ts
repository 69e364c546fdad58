/** One attempt that happened, and what it means for its delivery: all that recording needs. */
import type { DeliveryReason } from '../deliveries.ts';
import type { AttemptId, DeliveryId, EndpointId, TenantId } from '../ids.ts';
import type { EndpointChange } from './endpoint-health.ts';

/**
 * | step        | the delivery                                                                    |
 * | delivered   | ends                                                                            |
 * | failed      | ends; `disablesEndpoint` when the answer was 410                                |
 * | retry       | waits until `nextAttemptAtMs` (database time)                                   |
 * | manual      | had ended before: a success makes it delivered, a failure changes no state      |
 * | interrupted | as if the attempt had not been: opsforge stopped it, whoever leads next sends   |
 */
export type NextStep =
  | { kind: 'delivered' }
  | { kind: 'failed'; reason: DeliveryReason; lastError: string; disablesEndpoint: boolean }
  | { kind: 'retry'; nextAttemptAtMs: number; lastError: string }
  | { kind: 'manual'; delivered: boolean; lastError: string | null; disablesEndpoint: boolean }
  | { kind: 'interrupted' };

export type AttemptRecord = {
  id: AttemptId;
  tenantId: TenantId;
  deliveryId: DeliveryId;
  endpointId: EndpointId;
  /** Attempts before this one: what is recorded only counts while the queue row still says so. */
  attemptsBefore: number;
  step: NextStep;
  /** Database time. */
  startedAtMs: number;
  endedAtMs: number;
  durationMs: number;
  timings: {
    dnsMs: number | null;
    connectMs: number | null;
    tlsMs: number | null;
    firstByteMs: number | null;
  };
  statusCode: number | null;
  error: { code: string; message: string } | null;
  /** JSON text, the values of own headers masked. */
  requestHeaders: string;
  responseHeaders: string | null;
  responseBody: string | null;
  remoteAddress: string | null;
  /** Recorded with it, in one transaction. */
  endpointChange: EndpointChange | null;
};

export type AttemptOutcome = 'delivered' | 'failed' | 'superseded';

export function outcomeOf(step: NextStep): AttemptOutcome {
  switch (step.kind) {
    case 'delivered':
      return 'delivered';
    case 'manual':
      return step.delivered ? 'delivered' : 'failed';
    case 'retry':
    case 'failed':
      return 'failed';
    case 'interrupted':
      return 'superseded';
  }
}

/** Stands for texts that the database refused. */
const removedText = 'The text could not be stored and was removed.';

/** The same attempt and the same meaning without what came from outside. */
export function withoutOutsideText(record: AttemptRecord): AttemptRecord {
  return {
    ...record,
    step:
      'lastError' in record.step && record.step.lastError !== null
        ? { ...record.step, lastError: removedText }
        : record.step,
    error: record.error === null ? null : { code: record.error.code, message: removedText },
    requestHeaders: '{}',
    responseHeaders: null,
    responseBody: null,
    remoteAddress: null,
  };
}

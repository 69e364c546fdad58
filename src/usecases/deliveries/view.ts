/** Deliveries and attempts as clients see them. */
import type { AttemptRow, DeliveryRow } from '../../repositories/deliveries.ts';
import type { Attempt, Delivery } from './schemas.ts';

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    eventId: row.eventId,
    eventType: row.eventType,
    endpointId: row.endpointId,
    projectId: row.projectId,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    completedAt: row.completedAt?.toISOString() ?? null,
    lastStatusCode: row.lastStatusCode,
    lastError: row.lastError,
    replayId: row.replayId,
    reason: row.reason,
  };
}

export function toAttempt(row: AttemptRow): Attempt {
  const { dnsMs, connectMs, tlsMs, firstByteMs } = row;
  return {
    id: row.id,
    attempt: row.attempt,
    outcome: row.outcome,
    startedAt: row.startedAt.toISOString(),
    durationMs: row.durationMs,
    timings: { dnsMs, connectMs, tlsMs, firstByteMs },
    statusCode: row.statusCode,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
    requestHeaders: row.requestHeaders,
    responseHeaders: row.responseHeaders,
    responseBody: row.responseBody,
    remoteAddress: row.remoteAddress,
    worker: row.worker,
  };
}

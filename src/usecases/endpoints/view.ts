/** An endpoint as clients see it: the values of its own headers are secrets and stay masked. */
import { maskedValue } from '../../domain/endpoint-headers.ts';
import { maskAuth } from '../../domain/receiver-auth.ts';
import type { SecretBox } from '../../lib/secret-box.ts';
import type { EndpointRow } from '../../repositories/endpoints.ts';
import { openAuth } from './receiver-auth.ts';
import type { Endpoint } from './schemas.ts';

/** @param nowMs database time: a pause by the engine ends by itself */
export function toEndpoint(row: EndpointRow, secretBox: SecretBox, nowMs: number): Endpoint {
  const names = Object.keys(openHeaders(row, secretBox));
  const perSecond = row.rateLimitPerSecond;
  const pause = enginePause(row, nowMs);
  return {
    id: row.id,
    projectId: row.projectId,
    url: row.url,
    description: row.description,
    eventTypes: row.eventTypes,
    filter: row.filter,
    headers: Object.fromEntries(names.map((name) => [name, maskedValue])),
    timeoutMs: row.timeoutMs,
    rateLimit: perSecond === null ? null : { perSecond },
    maxInFlight: row.maxInFlight,
    ordered: row.ordered,
    retrySchedule: row.retrySchedule,
    signing: row.signing,
    auth: maskAuth(openAuth(row.authEncrypted, secretBox)),
    customer: row.customer,
    status: pause === null ? row.status : 'paused',
    statusReason: pause === null ? row.statusReason : pause.reason,
    pausedUntil: pause === null ? null : pause.until.toISOString(),
    failingSince: row.failingSince?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** A pause by the breaker or by a Retry-After that has not ended; what people decided hides it. */
export function enginePause(row: EndpointRow, nowMs: number) {
  const { status, pausedUntil: until, pauseReason: reason } = row;
  if (status !== 'active' || until === null || until.getTime() <= nowMs) return null;
  return { until, reason };
}

/** The own headers themselves; throws when they were sealed under another installation key. */
export function openHeaders(row: EndpointRow, secretBox: SecretBox): Record<string, string> {
  if (row.headersEncrypted === null) return {};
  // Safe because only sealHeaders makes this text, from headers that were checked.
  return JSON.parse(secretBox.open(row.headersEncrypted)) as Record<string, string>;
}

/** Null for no headers. */
export function sealHeaders(
  headers: Readonly<Record<string, string>>,
  secretBox: SecretBox,
): Uint8Array | null {
  return Object.keys(headers).length === 0 ? null : secretBox.seal(JSON.stringify(headers));
}

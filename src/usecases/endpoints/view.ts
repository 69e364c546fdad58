/** An endpoint as clients see it: the values of its own headers are secrets and stay masked. */
import { maskedValue } from '../../domain/endpoint-headers.ts';
import { maskAuth } from '../../domain/receiver-auth.ts';
import type { SecretBox } from '../../lib/secret-box.ts';
import type { EndpointRow } from '../../repositories/endpoints.ts';
import { openAuth } from './receiver-auth.ts';
import type { Endpoint } from './schemas.ts';

export function toEndpoint(row: EndpointRow, secretBox: SecretBox): Endpoint {
  const names = Object.keys(openHeaders(row, secretBox));
  const perSecond = row.rateLimitPerSecond;
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
    status: row.status,
    statusReason: row.statusReason,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
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

/** Changes an endpoint's settings; what is under way to it keeps the ones it was sent with. */
import { maskedValue } from '../../domain/endpoint-headers.ts';
import { AppError, invalidField } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  type EndpointRow,
  type EndpointRowChanges,
  lockEndpoint,
  updateEndpoint as updateRow,
} from '../../repositories/endpoints.ts';
import { recordUpdate } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { checkSettings } from './checked-settings.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import { requireOwnChanges, requireOwnTypes } from './owned-settings.ts';
import { checkAuth, openAuth, sealAuth } from './receiver-auth.ts';
import { replaceSecret } from './replace-secret.ts';
import { type Endpoint, type EndpointChanges, overlapSecondsDefault } from './schemas.ts';
import { openHeaders, sealHeaders, toEndpoint } from './view.ts';

/**
 * @param seenUpdatedAt of the endpoint that the changes were thought out for; left out, whatever is
 *   stored is changed
 * @throws AppError `conflict` at `updatedAt` when it was changed since
 */
export async function updateEndpoint(
  ctx: Ctx,
  id: EndpointId,
  changes: EndpointChanges,
  seenUpdatedAt?: string,
): Promise<Endpoint> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, secretBox, announceChange, wakeEndpoints } = ctx.deps;
  requireOwnChanges(ctx, changes);
  await checkSettings(ctx.deps, changes);
  return database.withTenant(ctx.tenantId, async (tx) => {
    const current = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    requireUnchanged(current, seenUpdatedAt);
    requireOwnTypes(ctx, current, changes);
    const updated = await updateRow(tx, id, toRowChanges(ctx, current, changes));
    const { signing } = changes;
    if (signing !== undefined && signing !== current.signing) {
      const overlapSeconds = overlapSecondsDefault;
      await replaceSecret(tx, ctx.deps, id, { kind: signing, overlapSeconds });
    }
    const nowMs = clock.databaseNow();
    const visible = requireVisibleEndpoint(ctx, id, updated);
    const after = toEndpoint(visible, secretBox, nowMs);
    await recordUpdate(tx, ctx, {
      action: 'endpoint.updated',
      target: { id, label: visible.url },
      projectId: current.projectId,
      before: toEndpoint(current, secretBox, nowMs),
      after,
      masked: changedSecrets(ctx, current, visible),
    });
    tx.afterCommit(() => {
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id });
      // A raised limit takes effect at once and not at the next poll.
      wakeEndpoints([id]);
    });
    return after;
  });
}

function requireUnchanged({ updatedAt }: EndpointRow, seen: string | undefined): void {
  if (seen === undefined || updatedAt.toISOString() === seen) return;
  const message = 'Somebody changed the endpoint meanwhile.';
  throw new AppError('conflict', message, { fields: [{ path: 'updatedAt', message }] });
}

/** Sealing gives other bytes each time, so what is in them is compared. */
function changedSecrets({ deps }: Ctx, before: EndpointRow, after: EndpointRow): string[] {
  const { secretBox } = deps;
  const isSame = (read: (row: EndpointRow) => unknown) =>
    JSON.stringify(read(before)) === JSON.stringify(read(after));
  return [
    ...(isSame((row) => openHeaders(row, secretBox)) ? [] : ['headers']),
    ...(isSame((row) => openAuth(row.authEncrypted, secretBox)) ? [] : ['auth']),
  ];
}

function toRowChanges(ctx: Ctx, row: EndpointRow, changes: EndpointChanges): EndpointRowChanges {
  const { url, description, eventTypes, timeoutMs, maxInFlight, ordered, retrySchedule } = changes;
  const { rateLimit, signing, filter, customer } = changes;
  const { secretBox } = ctx.deps;
  const headers = changes.headers && changedHeaders(ctx, row, changes.headers);
  const auth = checkAuth(ctx.deps, {
    url: url ?? row.url,
    headers: headers ?? openHeaders(row, secretBox),
    given: changes.auth,
    stored: openAuth(row.authEncrypted, secretBox),
  });
  return {
    ...{ url, description, eventTypes, timeoutMs, maxInFlight, ordered, retrySchedule, signing },
    ...{ filter, customer },
    headersEncrypted: headers && sealHeaders(headers, secretBox),
    authEncrypted: changes.auth && sealAuth(auth, secretBox),
    rateLimitPerSecond: rateLimit === undefined ? undefined : (rateLimit?.perSecond ?? null),
  };
}

/** A client that sends back what it was shown must not overwrite its secrets with the mask. */
function changedHeaders(
  ctx: Ctx,
  row: EndpointRow,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const stored = new Map(
    Object.entries(openHeaders(row, ctx.deps.secretBox)).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const entries = Object.entries(headers).map(([name, value]): [string, string] => {
    if (value !== maskedValue) return [name, value];
    const kept = stored.get(name.toLowerCase());
    if (kept === undefined) {
      throw invalidField(`headers.${name}`, 'is masked, and no value of that name is stored');
    }
    return [name, kept];
  });
  return Object.fromEntries(entries);
}

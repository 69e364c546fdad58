/**
 * What people do to an endpoint's state.
 *
 * | from     | enable | disable            | pause  | resume |
 * | active   | active | disabled           | paused | active |
 * | paused   | 409    | disabled           | paused | active |
 * | disabled | active | disabled           | 409    | 409    |
 *
 * Disabling cancels what is pending; enabling sends nothing by itself. Pausing keeps it pending.
 * A pause by the breaker or a Retry-After is `paused` too, though the row says active: it stands in
 * `paused_until` and ends by itself. What people do replaces it; the engine sees `resumed_at` when
 * it reads the row again, and asks the endpoint at once. Five days of failure then begin anew.
 */
import type { AuditAction } from '../../domain/audit-log.ts';
import { AppError } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  type EndpointRow,
  type EndpointStatus,
  lockEndpoint,
  updateEndpointStatus,
} from '../../repositories/endpoints.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cancelEndpointDeliveries } from '../deliveries/cancel-endpoint-deliveries.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { Endpoint } from './schemas.ts';
import { tellEndpointEvent } from './tell-endpoint-event.ts';
import { enginePause, toEndpoint } from './view.ts';

const pausedByRequest = 'paused_by_request';
const disabledByRequest = 'disabled_by_request';

type Target = {
  action: AuditAction;
  status: EndpointStatus;
  reason: typeof pausedByRequest | typeof disabledByRequest | null;
  refuseFrom: EndpointStatus | null;
};

export function enableEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  return changeStatus(ctx, id, {
    action: 'endpoint.enabled',
    ...{ status: 'active', reason: null, refuseFrom: 'paused' },
  });
}

export function pauseEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  return changeStatus(ctx, id, {
    action: 'endpoint.paused',
    ...{ status: 'paused', reason: pausedByRequest, refuseFrom: 'disabled' },
  });
}

export function resumeEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  return changeStatus(ctx, id, {
    action: 'endpoint.resumed',
    ...{ status: 'active', reason: null, refuseFrom: 'disabled' },
  });
}

export async function disableEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  if (ctx.actor.kind === 'portal') {
    // The tenant's own endpoints are told of it, and a portal must not reach those.
    throw new AppError('forbidden', 'A portal link disables nothing. Pause the endpoint.');
  }
  const disabled = await changeStatus(ctx, id, {
    action: 'endpoint.disabled',
    ...{ status: 'disabled', reason: disabledByRequest, refuseFrom: null },
  });
  await cancelEndpointDeliveries(ctx, id, 'endpoint_disabled');
  return disabled;
}

async function changeStatus(ctx: Ctx, id: EndpointId, target: Target): Promise<Endpoint> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, secretBox, announceChange, wakeEndpoints } = ctx.deps;
  const nowMs = clock.databaseNow();
  return database.withTenant(ctx.tenantId, async (tx) => {
    const current = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    const status = enginePause(current, nowMs) === null ? current.status : 'paused';
    if (status === target.refuseFrom) throw refusal(status);
    // What people decide outlasts what the machine decided: its reason and end are replaced.
    const updated = await updateEndpointStatus(tx, id, target);
    const after = toEndpoint(requireVisibleEndpoint(ctx, id, updated), secretBox, nowMs);
    await recordChange(tx, ctx, {
      action: target.action,
      target: { id, label: current.url },
      projectId: current.projectId,
      before: toEndpoint(current, secretBox, nowMs),
      after,
    });
    const woken =
      target.status === 'disabled' && current.status !== 'disabled'
        ? await tellDisabled(tx, current, nowMs)
        : [];
    tx.afterCommit(() => {
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id });
      wakeEndpoints([id, ...woken]);
    });
    return after;
  });
}

function tellDisabled(tx: TenantTx, row: EndpointRow, nowMs: number): Promise<EndpointId[]> {
  const { tenantId, projectId } = row;
  return tellEndpointEvent(
    tx,
    { tenantId, projectId, nowMs },
    {
      ...{ endpointId: row.id, url: row.url, status: 'disabled', reason: disabledByRequest },
      ...{ since: new Date(nowMs).toISOString(), lastError: null },
    },
  );
}

function refusal(status: EndpointStatus): AppError {
  const remedy = status === 'paused' ? 'Resume' : 'Enable';
  return new AppError('conflict', `The endpoint is ${status}. ${remedy} it instead.`);
}

/**
 * What people do to an endpoint's state.
 *
 * | from     | enable | disable            | pause  | resume |
 * | active   | active | disabled           | paused | active |
 * | paused   | 409    | disabled           | paused | active |
 * | disabled | active | disabled           | 409    | 409    |
 *
 * Disabling cancels what is pending; enabling sends nothing by itself. Pausing keeps it pending.
 */
import { AppError } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import {
  type EndpointRow,
  type EndpointStatus,
  lockEndpoint,
  updateEndpoint,
} from '../../repositories/endpoints.ts';
import { type Ctx, requireScope } from '../context.ts';
import { cancelEndpointDeliveries } from '../deliveries/cancel-endpoint-deliveries.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { Endpoint } from './schemas.ts';
import { toEndpoint } from './view.ts';

const pausedByRequest = 'paused_by_request';
const disabledByRequest = 'disabled_by_request';

type Target = { status: EndpointStatus; reason: string | null; refuseFrom: EndpointStatus | null };

export function enableEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  return changeStatus(ctx, id, { status: 'active', reason: null, refuseFrom: 'paused' });
}

export function pauseEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  const reason = pausedByRequest;
  return changeStatus(ctx, id, { status: 'paused', reason, refuseFrom: 'disabled' });
}

export function resumeEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  return changeStatus(ctx, id, { status: 'active', reason: null, refuseFrom: 'disabled' });
}

export async function disableEndpoint(ctx: Ctx, id: EndpointId): Promise<Endpoint> {
  const reason = disabledByRequest;
  const disabled = await changeStatus(ctx, id, { status: 'disabled', reason, refuseFrom: null });
  await cancelEndpointDeliveries(ctx, id, 'endpoint_disabled');
  return disabled;
}

async function changeStatus(ctx: Ctx, id: EndpointId, target: Target): Promise<Endpoint> {
  requireScope(ctx, 'endpoints:write');
  const { database, secretBox, announceChange, wakeEndpoints } = ctx.deps;
  return database.withTenant(ctx.tenantId, async (tx) => {
    const current = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    if (current.status === target.refuseFrom) throw refusal(current);
    // What people decide outlasts what the machine decided: its reason and end are replaced.
    const updated = await updateEndpoint(tx, id, {
      status: target.status,
      statusReason: target.reason,
    });
    tx.afterCommit(() => {
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id });
      wakeEndpoints([id]);
    });
    return toEndpoint(requireVisibleEndpoint(ctx, id, updated), secretBox);
  });
}

function refusal(row: EndpointRow): AppError {
  const remedy = row.status === 'paused' ? 'Resume' : 'Enable';
  return new AppError('conflict', `The endpoint is ${row.status}. ${remedy} it instead.`);
}

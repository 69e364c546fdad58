/** Only what was made to be pulled may be: of all else a leader is the one sender. */
import { AppError } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { isListening } from '../../domain/listeners.ts';
import { listEndpointSettings } from '../../repositories/delivery-feed.ts';
import { type EndpointRow, findEndpoint } from '../../repositories/endpoints.ts';
import type { TenantTx } from '../../repositories/transactions.ts';
import type { Ctx } from '../context.ts';
import { openSettings } from '../deliveries/load-endpoint-settings.ts';
import { requireVisibleEndpoint } from '../endpoints/find-endpoint.ts';

export async function requireListening(
  ctx: Ctx,
  tx: TenantTx,
  id: EndpointId,
): Promise<EndpointRow> {
  const row = requireVisibleEndpoint(ctx, id, await findEndpoint(tx, id));
  if (isListening(row)) return row;
  const reason = row.statusReason === null ? '' : ` (${row.statusReason})`;
  throw new AppError(
    'conflict',
    `The endpoint is ${row.status}${reason} and no listener: its deliveries cannot be pulled.`,
  );
}

/** With its secrets open, as whoever sends needs it. */
export async function findSettings(ctx: Ctx, tx: TenantTx, endpointId: EndpointId) {
  const found = await listEndpointSettings(tx, [{ tenantId: ctx.tenantId, endpointId }]);
  const [row] = found.rows;
  if (row === undefined) throw new Error('an endpoint that was found has no settings');
  return openSettings(ctx.deps.secretBox, row, found.secrets);
}

/**
 * What a tenant may use, shown and set by whoever runs the installation: not by the tenant, whose
 * keys with `admin` could lift their own. What is left out stays; null lifts it.
 */
import { AppError } from '../../domain/errors.ts';
import type { Quotas } from '../../domain/quotas.ts';
import { lockQuotas, upsertQuotas } from '../../repositories/quotas.ts';
import { findTenantName } from '../../repositories/tenants.ts';
import { recordChange } from '../audit/record-change.ts';
import type { Ctx } from '../context.ts';

export async function setQuotas(ctx: Ctx, changes: Partial<Quotas>): Promise<Quotas> {
  if (ctx.actor.kind !== 'operator') {
    throw new AppError('forbidden', 'Quotas are set by who runs this opsforge.');
  }
  const { tenantId } = ctx;
  const { database, announceChange } = ctx.deps;
  return database.withTenant(tenantId, async (tx) => {
    const before = await lockQuotas(tx);
    const after = { ...before, ...changes };
    if (Object.keys(changes).length === 0) return after;
    const name = await findTenantName(tx);
    await upsertQuotas(tx, after);
    await recordChange(tx, ctx, {
      action: 'tenant.quotas_changed',
      target: { id: tenantId, label: name ?? '' },
      projectId: null,
      before,
      after,
    });
    tx.afterCommit(() => announceChange({ kind: 'quotas', tenantId }));
    return after;
  });
}

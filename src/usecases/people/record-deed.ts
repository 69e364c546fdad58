/**
 * What a person does with their own account, in the audit log of every tenant that they belong to:
 * its owners see who came in and from where. In the transaction of the deed itself.
 */
import type { AuditAction, AuditedFields } from '../../domain/audit-log.ts';
import { listUserMemberships } from '../../repositories/sessions.ts';
import type { AccountsTx } from '../../repositories/transactions.ts';
import { recordChange } from '../audit/record-change.ts';
import type { Deps } from '../context.ts';
import type { Browser } from './people-deps.ts';
import { type Doer, type Membership, membershipsMax } from './person.ts';

export async function recordDeed(
  deps: Deps,
  tx: AccountsTx,
  doer: Doer,
  browser: Browser,
  action: Extract<AuditAction, `member.${string}`>,
): Promise<void> {
  for (const membership of await listUserMemberships(tx, doer.id, membershipsMax)) {
    const { id, email: label } = doer;
    await recordIn(deps, tx, doer, membership, browser, { action, target: { id, label } });
  }
}

/** In one tenant alone, what is about that tenant. */
export async function recordIn(
  deps: Deps,
  tx: AccountsTx,
  { id, email }: Doer,
  { tenantId, role }: Pick<Membership, 'tenantId' | 'role'>,
  { requestId, remoteAddress }: Browser,
  change: { action: AuditAction; target: { id: string; label: string }; after?: AuditedFields },
): Promise<void> {
  const actor = { kind: 'member', userId: id, email, role } as const;
  const ctx = { deps, tenantId, actor, origin: { requestId, remoteAddress } };
  await tx.asTenant(tenantId, (tenantTx) =>
    recordChange(tenantTx, ctx, { ...change, projectId: null }),
  );
}

/**
 * What is looked up before a tenant is known, as the role that may see only the columns needed for
 * that: a credential or a source turned into its tenant, and an endpoint's public keys.
 */
import { and, asc, eq, gt, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm';
import { portalLinks } from '../../db/schema/portal.ts';
import { apiKeys } from '../../db/schema/tenants.ts';
import { endpointSecrets, sources } from '../../db/schema/webhooks.ts';
import type { EventFilter } from '../domain/filter-problems.ts';
import type {
  ApiKeyId,
  EndpointId,
  PortalLinkId,
  ProjectId,
  SourceId,
  TenantId,
} from '../domain/ids.ts';
import type { Scope } from '../domain/scopes.ts';
import type { LookupTx, TenantTx } from './transactions.ts';

export type StoredKey = {
  id: ApiKeyId;
  tenantId: TenantId;
  projectId: ProjectId | null;
  scopes: Scope[];
  rateLimitPerSecond: number | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
};

export async function findKeyByHash(tx: LookupTx, hash: Uint8Array): Promise<StoredKey | null> {
  const [row] = await tx.run(
    'findKeyByHash',
    tx.db
      .select({
        id: apiKeys.id,
        tenantId: apiKeys.tenantId,
        projectId: apiKeys.projectId,
        scopes: apiKeys.scopes,
        rateLimitPerSecond: apiKeys.rateLimitPerSecond,
        expiresAt: apiKeys.expiresAt,
        revokedAt: apiKeys.revokedAt,
      })
      .from(apiKeys)
      .where(eq(apiKeys.keyHash, hash)),
  );
  return row ?? null;
}

export type StoredPortalLink = {
  id: PortalLinkId;
  tenantId: TenantId;
  projectId: ProjectId;
  customer: string;
  mayWrite: boolean;
  eventFilter: EventFilter | null;
  expiresAt: Date;
  revokedAt: Date | null;
};

export async function findPortalLinkByHash(
  tx: LookupTx,
  hash: Uint8Array,
): Promise<StoredPortalLink | null> {
  const [row] = await tx.run(
    'findPortalLinkByHash',
    tx.db
      .select({
        id: portalLinks.id,
        tenantId: portalLinks.tenantId,
        projectId: portalLinks.projectId,
        customer: portalLinks.customer,
        mayWrite: portalLinks.mayWrite,
        eventFilter: portalLinks.eventFilter,
        expiresAt: portalLinks.expiresAt,
        revokedAt: portalLinks.revokedAt,
      })
      .from(portalLinks)
      .where(eq(portalLinks.tokenHash, hash)),
  );
  return row ?? null;
}

/** `last_used_at` of keys; a lagging process never turns it back. */
export async function updateKeysUsed(tx: TenantTx, ids: ApiKeyId[]): Promise<void> {
  await tx.run(
    'updateKeysUsed',
    tx.db
      .update(apiKeys)
      .set({ lastUsedAt: sql`greatest(${apiKeys.lastUsedAt}, now())` })
      .where(and(eq(apiKeys.tenantId, tx.tenantId), inArray(apiKeys.id, ids))),
  );
}

/** Of a deleted source too: that it is deleted is for its tenant's transaction to see. */
export async function findSourceTenant(tx: LookupTx, id: SourceId): Promise<TenantId | null> {
  const [row] = await tx.run(
    'findSourceTenant',
    tx.db.select({ tenantId: sources.tenantId }).from(sources).where(eq(sources.id, id)),
  );
  return row?.tenantId ?? null;
}

export type PublicKeyRow = {
  id: string;
  publicKey: string | null;
  createdAt: Date;
  expiresAt: Date | null;
};

/** Those that are valid now, oldest first. Index: endpoint_secrets_public_idx. */
export function listPublicKeys(tx: LookupTx, endpointId: EndpointId): Promise<PublicKeyRow[]> {
  return tx.run(
    'listPublicKeys',
    tx.db
      .select({
        id: endpointSecrets.id,
        publicKey: endpointSecrets.publicKey,
        createdAt: endpointSecrets.createdAt,
        expiresAt: endpointSecrets.expiresAt,
      })
      .from(endpointSecrets)
      .where(
        and(
          eq(endpointSecrets.endpointId, endpointId),
          isNotNull(endpointSecrets.publicKey),
          or(isNull(endpointSecrets.expiresAt), gt(endpointSecrets.expiresAt, sql`now()`)),
        ),
      )
      .orderBy(asc(endpointSecrets.id)),
  );
}

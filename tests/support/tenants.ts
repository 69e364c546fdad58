/** Fresh tenants, projects, endpoints and keys for tests, written as the service's own role. */
import { apiKeys, projects, tenants } from '../../db/schema/tenants.ts';
import { endpointSecrets, endpoints } from '../../db/schema/webhooks.ts';
import {
  type ApiKeyId,
  type EndpointId,
  newId,
  type ProjectId,
  type TenantId,
} from '../../src/domain/ids.ts';
import { projectScopes, type Scope } from '../../src/domain/scopes.ts';
import type { SecretBox } from '../../src/lib/secret-box.ts';
import { createSecretBox } from '../../src/lib/secret-box.ts';
import type { Database } from '../../src/repositories/transactions.ts';

/** The installation key of all tests. */
const testSecretKey = new Uint8Array(32).fill(7);
export const testSecretBox: SecretBox = createSecretBox(testSecretKey);

export type TestTenant = { tenantId: TenantId; projectId: ProjectId; name: string };

export async function createTenant(database: Database): Promise<TestTenant> {
  const tenantId = newId<TenantId>(Date.now());
  const projectId = newId<ProjectId>(Date.now());
  const name = `tenant-${tenantId.slice(-12)}`;
  await database.withTenant(tenantId, async (tx) => {
    await tx.run('insertTenant', tx.db.insert(tenants).values({ id: tenantId, name, slug: name }));
    await tx.run(
      'insertProject',
      tx.db.insert(projects).values({ id: projectId, tenantId, name: 'main', slug: 'main' }),
    );
  });
  return { tenantId, projectId, name };
}

/** A key of the tenant; bound to its project unless `projectId` is null. Answers the key's text. */
export async function createKey(
  database: Database,
  tenant: TestTenant,
  options: {
    scopes?: readonly Scope[];
    projectId?: ProjectId | null;
    perSecond?: number;
  } = {},
): Promise<{ id: ApiKeyId; key: string }> {
  const key = `ofk_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`;
  const id = newId<ApiKeyId>(Date.now());
  await database.withTenant(tenant.tenantId, (tx) =>
    tx.run(
      'insertApiKey',
      tx.db.insert(apiKeys).values({
        id,
        tenantId: tenant.tenantId,
        projectId: options.projectId === undefined ? tenant.projectId : options.projectId,
        name: 'test',
        keyHash: new Bun.CryptoHasher('sha256').update(key).digest(),
        keyHint: key.slice(-4),
        rateLimitPerSecond: options.perSecond ?? null,
        scopes: [...(options.scopes ?? projectScopes)],
      }),
    ),
  );
  return { id, key };
}

export const testEndpointSecret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

export async function createEndpointRow(
  database: Database,
  tenant: TestTenant,
  url: string,
  values: Partial<typeof endpoints.$inferInsert> = {},
): Promise<EndpointId> {
  const id = values.id ?? newId<EndpointId>(Date.now());
  await database.withTenant(tenant.tenantId, async (tx) => {
    await tx.run(
      'insertEndpoint',
      tx.db.insert(endpoints).values({
        tenantId: tenant.tenantId,
        projectId: tenant.projectId,
        url,
        timeoutMs: 15_000,
        maxInFlight: 10,
        retrySchedule: [5, 300, 1_800],
        ...values,
        id,
      }),
    );
    await tx.run(
      'insertEndpointSecret',
      tx.db.insert(endpointSecrets).values({
        id: crypto.randomUUID(),
        tenantId: tenant.tenantId,
        endpointId: id,
        secretEncrypted: testSecretBox.seal(testEndpointSecret),
      }),
    );
  });
  return id;
}

/** What a process knows of keys between two requests: their limits, their use, their end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { AppError } from '../../../src/domain/errors.ts';
import type { TenantId } from '../../../src/domain/ids.ts';
import { createClock } from '../../../src/lib/clock.ts';
import { createWakeUps } from '../../../src/repositories/wake-ups.ts';
import { createKeyAuthenticator } from '../../../src/usecases/accounts/authenticate-key.ts';
import { createApiKey } from '../../../src/usecases/accounts/create-api-key.ts';
import { recordKeyUse } from '../../../src/usecases/accounts/record-key-use.ts';
import { revokeApiKey } from '../../../src/usecases/accounts/revoke-api-key.ts';
import { apiKeyInput } from '../../../src/usecases/accounts/schemas.ts';
import { updateApiKey } from '../../../src/usecases/accounts/update-api-key.ts';
import type { Change, Ctx } from '../../../src/usecases/context.ts';
import { startApi, type TestApi } from '../../support/api.ts';
import { eventually } from '../../support/delivery-engine.ts';
import { createKey } from '../../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

let nowMs = 1_000;
const clock = { ...createClock(), monotonicMs: () => nowMs };

/** As a process that starts. */
function startProcess() {
  const { database } = api.db;
  const keys = createKeyAuthenticator({ database, clock, cacheTrusted: () => true });
  const ask = (key: string) => keys.authenticate(`Bearer ${key}`);
  /** How many of so many requests at once are let through. */
  async function passed(key: string, requests: number): Promise<number> {
    const outcomes = await Promise.allSettled(Array.from({ length: requests }, () => ask(key)));
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  }
  return { keys, ask, passed };
}

async function limitedKey(perSecond: number) {
  const tenant = await api.newTenant();
  return { tenant, ...(await createKey(api.db.database, tenant, { perSecond })) };
}

function operator(tenantId: TenantId, announceChange: (change: Change) => void): Ctx {
  const deps = { ...api.deps, announceChange };
  return { deps, tenantId, actor: { kind: 'operator' }, origin: null };
}

describe('the rate limit of a key', () => {
  test('lets through so many a second, and what one second left unused at once', async () => {
    const { key } = await limitedKey(20);
    const { passed } = startProcess();
    await passed(key, 100);
    nowMs += 500;
    expect(await passed(key, 100)).toBe(10);
    nowMs += 60_000;
    expect(await passed(key, 100)).toBe(20);
    expect(await passed(key, 1)).toBe(0);
  });

  test('says when to come back', async () => {
    const { key } = await limitedKey(2);
    const { ask, passed } = startProcess();
    await passed(key, 10);
    const refusal = await ask(key).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal).toMatchObject({ code: 'rate_limited', retryAfterMs: 500 });
    nowMs += 500;
    expect(await passed(key, 10)).toBe(1);
  });

  test('is not given anew by a restart, nor by a change of another key', async () => {
    const { tenant, key } = await limitedKey(20);
    const before = startProcess();
    await before.passed(key, 100);
    nowMs += 1_000;
    expect(await before.passed(key, 100)).toBe(20);
    before.keys.dropTenant(tenant.tenantId);
    expect(await before.passed(key, 100)).toBe(0);
    // A tenth of a second's worth, where a full bucket would give twenty.
    const after = startProcess();
    expect(await after.passed(key, 100)).toBe(2);
    nowMs += 100;
    expect(await after.passed(key, 100)).toBe(2);
  });

  test('is the new one from the next request on, and none where it is taken away', async () => {
    const { tenant, id, key } = await limitedKey(1);
    const { keys, passed } = startProcess();
    const ctx = operator(tenant.tenantId, () => keys.dropTenant(tenant.tenantId));
    await passed(key, 10);
    await updateApiKey(ctx, id, { rateLimit: { perSecond: 50 } });
    expect(await passed(key, 1)).toBe(0);
    nowMs += 100;
    expect(await passed(key, 100)).toBe(5);
    await updateApiKey(ctx, id, { rateLimit: null });
    expect(await passed(key, 100)).toBe(100);
  });

  test('holds for every kind of route, the ingest routes too, as a 429 with Retry-After', async () => {
    const calls: [string, string, object?][] = [
      ['GET', '/api/v1/projects'],
      ['POST', '/api/v1/webhooks', { type: 'a', payload: 1 }],
      ['POST', '/api/v1/webhooks/batch', { events: [{ type: 'a', payload: 1 }] }],
    ];
    for (const [method, path, body] of calls) {
      const { key } = await limitedKey(1);
      const sent = { key, ...(body ? { body } : {}) };
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => api.send(method, path, sent)),
      );
      const refused = answers.filter(({ status }) => status === 429);
      expect(answers.some(({ status }) => status < 300)).toBe(true);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
    }
  });
});

describe('a key', () => {
  test('shows when it was last used, once that is written down', async () => {
    const tenant = await api.newTenant();
    const { id, key } = await createKey(api.db.database, tenant);
    const { keys, ask } = startProcess();
    const lastUsedAt = async () => {
      const admin = await api.keyOf(tenant, ['admin']);
      const answer = await api.send('GET', `/api/v1/api-keys/${id}`, { key: admin });
      return Object(answer.body).lastUsedAt;
    };
    await recordKeyUse(api.db.database, keys);
    expect(await lastUsedAt()).toBeNull();
    await ask(key);
    await recordKeyUse(api.db.database, keys);
    const first = Date.parse(await lastUsedAt());
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
    await recordKeyUse(api.db.database, keys);
    expect(Date.parse(await lastUsedAt())).toBe(first);
  });

  test('that is revoked in one process is refused by another within a second', async () => {
    const tenant = await api.newTenant();
    const { id, key } = await createKey(api.db.database, tenant);
    const listen = () => createWakeUps({ url: api.db.appUrl, onTrouble: () => {} });
    const [here, there] = [listen(), listen()];
    const other = startProcess();
    there.onChange((change) => {
      if (change.kind === 'api_keys') other.keys.dropTenant(change.tenantId);
    });
    await Promise.all([here.start(), there.start()]);
    try {
      await other.ask(key);
      const startedMs = performance.now();
      const ctx = operator(tenant.tenantId, (change) => void here.notifyChange(change));
      await revokeApiKey(ctx, id);
      await eventually(
        () => other.passed(key, 1),
        (passed) => passed === 0,
      );
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    } finally {
      await Promise.all([here.stop(), there.stop()]);
    }
  });
});

describe('a key that is unknown', () => {
  const lookUps = () => api.queries.get('findKeyByHash') ?? 0;
  const unknownKey = () => `ofk_${crypto.randomUUID().replaceAll('-', '')}`;

  test('is looked up once, however often it is sent, and does not count for others', async () => {
    const { passed } = startProcess();
    const [first, second] = [unknownKey(), unknownKey()];
    const before = lookUps();
    expect(await passed(first, 1)).toBe(0);
    expect(await passed(first, 100)).toBe(0);
    expect(lookUps() - before).toBe(1);
    expect(await passed(second, 1)).toBe(0);
    expect(lookUps() - before).toBe(2);
  });

  test('as one that was revoked, is refused as before', async () => {
    const tenant = await api.newTenant();
    const { id, key } = await createKey(api.db.database, tenant);
    const { keys, ask } = startProcess();
    await revokeApiKey(
      operator(tenant.tenantId, () => keys.dropTenant(tenant.tenantId)),
      id,
    );
    const refusal = () => ask(key).catch((error: unknown) => error);
    expect(await refusal()).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal()).toEqual(await refusal());
  });

  test('is looked up again after a minute, after any news, and always while news may be lost', async () => {
    let trusted = true;
    const { database } = api.db;
    const keys = createKeyAuthenticator({ database, clock, cacheTrusted: () => trusted });
    const key = unknownKey();
    const looksUp = async () => {
      const before = lookUps();
      await keys.authenticate(`Bearer ${key}`).catch(() => {});
      return lookUps() - before;
    };
    expect([await looksUp(), await looksUp()]).toEqual([1, 0]);
    nowMs += 60_001;
    expect([await looksUp(), await looksUp()]).toEqual([1, 0]);
    keys.dropTenant((await api.newTenant()).tenantId);
    expect([await looksUp(), await looksUp()]).toEqual([1, 0]);
    keys.clear();
    expect([await looksUp(), await looksUp()]).toEqual([1, 0]);
    trusted = false;
    expect([await looksUp(), await looksUp()]).toEqual([1, 1]);
  });

  test('is good at once when it is made, wherever that is', async () => {
    const { tenantId, projectId } = await api.newTenant();
    const { keys, ask } = startProcess();
    const { key } = await createApiKey(
      operator(tenantId, () => {}),
      apiKeyInput.parse({ name: 'later', projectId, scopes: ['events:read'] }),
    );
    // As if somebody had known it before: it is not there until its row is.
    const { sql } = api.db.admin;
    const hash = new Bun.CryptoHasher('sha256').update(key).digest();
    const hide = (away: boolean) => sql`
      update api_keys set revoked_at = case when ${away} then now() end where key_hash = ${hash}`;
    await hide(true);
    await expect(ask(key)).rejects.toThrow('unknown');
    await hide(false);
    await expect(ask(key)).rejects.toThrow('unknown');
    await createApiKey(
      operator(tenantId, ({ kind }) => kind === 'api_keys' && keys.dropTenant(tenantId)),
      apiKeyInput.parse({ name: 'another', projectId, scopes: ['events:read'] }),
    );
    expect(await ask(key)).toMatchObject({ tenantId });
  });
});

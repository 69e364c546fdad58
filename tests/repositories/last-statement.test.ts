/** `runLast`: the commit travels behind the statement, and what becomes of one becomes of both. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { AppError } from '../../src/domain/errors.ts';
import type { IngestTx } from '../../src/repositories/transactions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type TestTenant } from '../support/tenants.ts';

let db: TestDatabase;
let tenant: TestTenant;
beforeAll(async () => {
  db = await createTestDatabase();
  tenant = await createTenant(db.database);
});
afterAll(() => db.drop());

const insertKey = (tx: IngestTx, key: string) => tx.sql`
  insert into idempotency_keys
    (scope_id, key, tenant_id, project_id, event_id, fingerprint, deliveries)
  values (${tenant.projectId}, ${key}, ${tenant.tenantId}, ${tenant.projectId},
    ${Bun.randomUUIDv7()}, '', 0)
  returning key`;
const countKeys = (key: string) =>
  db.database.withIngest([tenant.tenantId], async (tx) => {
    const rows = await tx.run('keys', tx.sql`select from idempotency_keys where key = ${key}`);
    return rows.length;
  });

describe('the last statement of a transaction', () => {
  test('answers its rows, and what it and the ones before it wrote is committed', async () => {
    const ran: string[] = [];
    const rows = await db.database.withIngest([tenant.tenantId], async (tx) => {
      tx.afterCommit(() => ran.push('committed'));
      await tx.run('first', insertKey(tx, 'before'));
      return tx.runLast('last', insertKey(tx, 'last'));
    });
    expect(rows[0]).toEqual({ key: 'last' });
    expect([await countKeys('before'), await countKeys('last')]).toEqual([1, 1]);
    expect(ran).toEqual(['committed']);
  });

  test('takes the ones before it back when it fails, and its own error is thrown', async () => {
    const ran: string[] = [];
    const failing = db.database.withIngest([tenant.tenantId], async (tx) => {
      tx.afterCommit(() => ran.push('committed'));
      await tx.run('first', insertKey(tx, 'taken back'));
      await tx.runLast('last', insertKey(tx, 'taken back'));
    });
    await expect(failing).rejects.toThrow('duplicate key');
    expect(await countKeys('taken back')).toBe(0);
    expect(ran).toEqual([]);
    expect(db.database.counts()).toMatchObject({ busy: 0, waiting: 0 });
  });

  test('commits nothing when its work hides its error', async () => {
    const hiding = db.database.withIngest([tenant.tenantId], async (tx) => {
      await tx.run('first', insertKey(tx, 'hidden'));
      await tx.runLast('last', insertKey(tx, 'hidden')).catch(() => {});
    });
    await expect(hiding).rejects.toThrow('ended as ROLLBACK');
    expect(await countKeys('hidden')).toBe(0);
  });

  test('ends as unavailable when its backend dies under it', async () => {
    const dying = db.database.withIngest([tenant.tenantId], async (tx) => {
      const [row] = await tx.run('pid', tx.sql<{ pid: number }[]>`select pg_backend_pid() as pid`);
      const sleeping = tx.runLast('sleep', tx.sql`select pg_sleep(30)`);
      sleeping.catch(() => {});
      await db.admin.sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
      await sleeping;
    });
    const code = await dying.catch((error: unknown) => error instanceof AppError && error.code);
    expect(code).toBe('unavailable');
  });
});

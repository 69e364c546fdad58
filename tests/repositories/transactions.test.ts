import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { projects, tenants } from '../../db/schema/tenants.ts';
import { AppError } from '../../src/domain/errors.ts';
import { newId, type ProjectId, type TenantId } from '../../src/domain/ids.ts';
import {
  type Database,
  openDatabase,
  type TenantTx,
  type WorkerTx,
} from '../../src/repositories/transactions.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTenant, type TestTenant } from '../support/tenants.ts';

let db: TestDatabase;
let tenant: TestTenant;
let database: Database;
beforeAll(async () => {
  db = await createTestDatabase();
  tenant = await createTenant(db.database);
});
afterAll(() => db.drop());
beforeEach(() => {
  database = openDatabase({ url: db.appUrl, poolSize: 2, applicationName: 'under test' });
});
afterEach(() => database.close());

const backendOf = async (tx: TenantTx): Promise<number> => {
  const [row] = await tx.run('backend', tx.sql<{ pid: number }[]>`select pg_backend_pid() as pid`);
  return row?.pid ?? 0;
};
const listProjects = (tx: TenantTx) => tx.run('list', tx.db.select().from(projects));
const insertProject = (tx: TenantTx, name: string) =>
  tx.run(
    'insert',
    tx.db.insert(projects).values({
      id: newId<ProjectId>(Date.now()),
      tenantId: tx.tenantId,
      name,
      slug: name,
    }),
  );
/** Resolves once the server has let go of the backend. */
async function terminate(pid: number): Promise<void> {
  await db.admin.sql`select pg_terminate_backend(${pid}, 5000)`;
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );

describe('a transaction', () => {
  test('acts as the role and the tenant, and leaves neither behind on its connection', async () => {
    const seen = await database.withTenant(tenant.tenantId, (tx) =>
      tx.run('who', tx.sql`select current_user as role, current_tenant() as tenant`),
    );
    expect(seen[0]).toEqual({ role: 'opsforge_app', tenant: tenant.tenantId });
    const other = newId<TenantId>(Date.now());
    expect(await database.withTenant(other, listProjects)).toEqual([]);
    const looked = await database.withLookup((tx) =>
      tx.run('who', tx.sql`select current_user as role, current_tenant() as tenant`),
    );
    expect(looked[0]).toEqual({ role: 'opsforge_lookup', tenant: null });
  });

  test('has no plan compiled, whatever the server does by itself', async () => {
    const name = new URL(db.adminUrl.replace('@/', '@socket/')).pathname.slice(1);
    await db.admin.sql.unsafe(`alter database ${name} set jit = on`);
    const compiles = (tx: TenantTx | WorkerTx) =>
      tx.run('jit', tx.sql`select current_setting('jit') as jit`);
    const ofTenant = await database.withTenant(tenant.tenantId, compiles);
    const ofWorker = await database.withWorker(compiles);
    expect([...ofTenant, ...ofWorker]).toEqual([{ jit: 'off' }, { jit: 'off' }]);
  });

  test('is rolled back when its work throws, and its connection is used again', async () => {
    const failing = database.withTenant(tenant.tenantId, async (tx) => {
      await insertProject(tx, 'rolled-back');
      throw new Error('changed its mind');
    });
    await expect(failing).rejects.toThrow('changed its mind');
    const names = (await database.withTenant(tenant.tenantId, listProjects)).map((row) => row.name);
    expect(names).not.toContain('rolled-back');
    expect(database.counts()).toEqual({ idle: 1, busy: 0, waiting: 0 });
  });

  test('runs what was left for after the commit only when there was one', async () => {
    const ran: string[] = [];
    await database.withTenant(tenant.tenantId, async (tx) => {
      tx.afterCommit(() => ran.push('committed'));
      await listProjects(tx);
    });
    await codeOf(
      database.withTenant(tenant.tenantId, async (tx) => {
        tx.afterCommit(() => ran.push('rolled back'));
        throw new Error('no');
      }),
    );
    expect(ran).toEqual(['committed']);
  });

  test('fails when its work hides an error that aborted it, for nothing was committed', async () => {
    const hiding = database.withTenant(tenant.tenantId, async (tx) => {
      await tx.run('bad', tx.sql`select 1 / 0`).catch(() => {});
      return 'fine';
    });
    await expect(hiding).rejects.toThrow('ended as ROLLBACK');
  });

  test('ends as unavailable when its backend dies between two statements, and sends nothing more', async () => {
    let reached = false;
    const dying = database.withTenant(tenant.tenantId, async (tx) => {
      await terminate(await backendOf(tx));
      // Whether the socket's end was noticed yet or not, this must not run on another connection.
      await insertProject(tx, 'leaked');
      reached = true;
    });
    expect(await codeOf(dying)).toBe('unavailable');
    expect(reached).toBe(false);
    const names = (await database.withTenant(tenant.tenantId, listProjects)).map((row) => row.name);
    expect(names).not.toContain('leaked');
  });

  test('ends as unavailable when its backend dies during a statement, the queued ones with it', async () => {
    const dying = database.withTenant(tenant.tenantId, async (tx) => {
      const pid = await backendOf(tx);
      const both = Promise.allSettled([
        tx.run('sleep', tx.sql`select pg_sleep(30)`),
        insertProject(tx, 'queued-behind'),
      ]);
      await terminate(pid);
      expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await listProjects(tx);
    });
    expect(await codeOf(dying)).toBe('unavailable');
    const names = (await database.withTenant(tenant.tenantId, listProjects)).map((row) => row.name);
    expect(names).not.toContain('queued-behind');
  });

  test('survives backends that die again and again: every place of the pool comes back', async () => {
    for (let round = 0; round < 10; round += 1) {
      const dying = database.withTenant(tenant.tenantId, async (tx) => {
        await terminate(await backendOf(tx));
        await listProjects(tx);
      });
      expect(await codeOf(dying)).toBe('unavailable');
    }
    const after = await Promise.all(
      Array.from({ length: 20 }, () => database.withTenant(tenant.tenantId, listProjects)),
    );
    expect(after.length).toBe(20);
    expect(database.counts()).toMatchObject({ busy: 0, waiting: 0 });
  });

  test('replaces an idle connection that died unseen', async () => {
    const pid = await database.withTenant(tenant.tenantId, backendOf);
    await terminate(pid);
    // The first may still meet the dying socket; it must fail cleanly and not hang.
    await codeOf(database.withTenant(tenant.tenantId, listProjects));
    expect(await codeOf(database.withTenant(tenant.tenantId, listProjects))).toBe('done');
  });

  test('that outlives a doubt about the network by 2 s fails, and others use fresh connections', async () => {
    const idle = await database.withTenant(tenant.tenantId, backendOf);
    database.distrust();
    // Both must have their connection before the doubt: it is about those there are.
    const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const inTime = database.withTenant(tenant.tenantId, async (tx) => {
      const backend = await backendOf(tx);
      begun[0].resolve();
      await tx.run('sleep', tx.sql`select pg_sleep(0.2)`);
      return backend;
    });
    const failing = codeOf(
      database.withWorker(async (tx) => {
        await tx.run('begin', tx.sql`select 1`);
        begun[1].resolve();
        await tx.run('sleep', tx.sql`select pg_sleep(9)`);
      }),
    );
    await Promise.all(begun.map(({ promise }) => promise));
    const startedMs = performance.now();
    database.distrust();
    const fresh = await inTime;
    expect(fresh).not.toBe(idle);
    expect(await failing).toBe('unavailable');
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(await database.withTenant(tenant.tenantId, backendOf)).toBe(fresh);
  });

  test('waits in turn when the pool is used up', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        database.withTenant(tenant.tenantId, async (tx) => {
          order.push(n);
          await listProjects(tx);
        }),
      ),
    );
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n));
  });

  test('is unavailable at once while no server listens', async () => {
    const away = openDatabase({
      url: 'postgresql://nobody:x@/none?host=/nonexistent&port=1',
      poolSize: 2,
      applicationName: 'away',
    });
    const codes = await Promise.all(
      Array.from({ length: 50 }, () => codeOf(away.withTenant(tenant.tenantId, listProjects))),
    );
    expect(new Set(codes)).toEqual(new Set(['unavailable']));
    await away.close();
  });

  test('does not let a request take the rights of another role', async () => {
    const code = await codeOf(
      database.withTenant(tenant.tenantId, (tx) => tx.run('tenants', tx.db.delete(tenants))),
    );
    expect(code).toContain('Failed query');
  });
});

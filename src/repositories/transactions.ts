/**
 * The only makers of transactions. Each acts as one role of docs/ARCHITECTURE.md "Walls" and, for
 * `withTenant`, with one tenant: the repositories take the branded transaction first, so that a
 * query without a tenant does not compile. `begin`, role and settings travel with the first
 * statement of the work in one round trip. No outbound call may be made inside one.
 */
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { MaybeRow, PendingQuery, Row, RowList, Sql } from 'postgres';
import { AppError } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Confinement } from '../domain/portal.ts';
import type { Connection } from './connection.ts';
import { createPool, databaseAway, type PoolCounts } from './pool.ts';

declare const role: unique symbol;

type Transaction<Role extends string> = {
  readonly [role]: Role;
  /** The query builder, for all but the hottest statements. */
  readonly db: PostgresJsDatabase;
  /** Tagged statements, prepared by themselves; only for `run`. */
  readonly sql: Sql;
  /** Sends one statement; `query` is the calling function's name and the metric's label. */
  run<Result>(query: string, statement: PromiseLike<Result>): Promise<Result>;
  /**
   * As `run`, for the last statement of the work: the commit travels with it. It answers before the
   * commit does; nothing may be sent and nothing thrown after it.
   */
  runLast<Rows extends readonly MaybeRow[]>(
    query: string,
    statement: PendingQuery<Rows>,
  ): Promise<RowList<Rows>>;
  /** Called after the commit, never after a rollback. */
  afterCommit(then: () => void): void;
};

export type TenantTx = Transaction<'tenant'> & { readonly tenantId: TenantId };
export type LookupTx = Transaction<'lookup'>;
export type IngestTx = Transaction<'ingest'>;
export type WorkerTx = Transaction<'worker'>;
export type AccountsTx = Transaction<'accounts'> & {
  /**
   * Acts as this tenant for the work, then as `accounts` again: what a person does reaches the
   * audit log of their tenants in the transaction of the deed itself. Nothing else belongs in it.
   */
  asTenant<Result>(tenantId: TenantId, work: (tx: TenantTx) => Promise<Result>): Promise<Result>;
};

export type Database = {
  withTenant<Result>(tenantId: TenantId, work: (tx: TenantTx) => Promise<Result>): Promise<Result>;
  withLookup<Result>(work: (tx: LookupTx) => Promise<Result>): Promise<Result>;
  /** The accept batch: the one transaction of several tenants (docs/decisions/0004). */
  withIngest<Result>(
    tenantIds: TenantId[],
    work: (tx: IngestTx) => Promise<Result>,
  ): Promise<Result>;
  withWorker<Result>(work: (tx: WorkerTx) => Promise<Result>): Promise<Result>;
  /** People and what they sign in with: belongs to no tenant (docs/decisions/0014). */
  withAccounts<Result>(work: (tx: AccountsTx) => Promise<Result>): Promise<Result>;
  /**
   * Another connection of this process was left without an answer: nothing waits on those that
   * share its fate. What is under way has 2 s more, then fails as `unavailable`.
   */
  distrust(): void;
  /** What this database's transactions are confined to; null: they are not. */
  readonly confinement: Confinement | null;
  /**
   * The same for a visit of one customer's portal: `withTenant` acts as a role that sees that
   * customer's rows alone, and is refused what it has no business with (AppError `forbidden`); the
   * other kinds of transactions are refused.
   */
  confinedTo(confinement: Confinement): Database;
  counts(): PoolCounts;
  close(): Promise<void>;
};

type DatabaseOptions = {
  url: string;
  poolSize: number;
  applicationName: string;
  onQuery?: (query: string, seconds: number) => void;
};

const statementTimeoutMs = 10_000;
/** The loops' batches may meet a cold cache or a vacuum. */
const workerStatementTimeoutMs = 30_000;
/**
 * A server that stands still (stopped, its disk stuck) keeps no statement timeout: a transaction
 * that takes longer than this loses its connection. Requests must be answered before their client
 * is cut off (30 s, app/http-listener.ts), the wait for a group and for a new connection included.
 */
const requestMsMax = statementTimeoutMs + 1_000;
const workerMsMax = 2 * workerStatementTimeoutMs;

/** SQLSTATEs of a server that is stopping, starting, full or out of connections. */
const awayStates = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53000',
  '53100',
  '53200',
  '53300',
  '58030',
]);
const awayCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The SQLSTATE or connection code of an error, through the query builder's wrapping. */
export function databaseErrorCode(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    at = at.cause;
  }
  return null;
}

export function isDatabaseAway(error: unknown): boolean {
  const code = databaseErrorCode(error);
  return code !== null && (awayStates.has(code) || awayCodes.has(code));
}

/** A row's day has no partition. By the server's routine: the text is in the server's language. */
export function isPartitionMissing(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if ('routine' in at) return at.routine === 'ExecFindPartition';
    at = at.cause;
  }
  return false;
}

/** No grant, or a row outside a policy. By the server's routines, since a role that is not the
 * login's own has the same code. */
function isBeyondRole(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if ('routine' in at) {
      return at.routine === 'aclcheck_error' || at.routine === 'ExecWithCheckOptions';
    }
    at = at.cause;
  }
  return false;
}

/** The commit, once it is sent. */
type Ending = { commit: PendingQuery<Row[]> | null };

const lostConnection = () =>
  Object.assign(new Error('the connection was lost'), { code: 'CONNECTION_CLOSED' });

export function openDatabase(options: DatabaseOptions): Database {
  const pool = createPool({
    url: options.url,
    size: options.poolSize,
    applicationName: options.applicationName,
  });

  function makeTransaction(connection: Connection, ending: Ending, done: (() => void)[]) {
    async function run<Result>(query: string, statement: PromiseLike<Result>): Promise<Result> {
      if (!connection.alive()) throw lostConnection();
      const startedMs = performance.now();
      try {
        return await statement;
      } finally {
        options.onQuery?.(query, (performance.now() - startedMs) / 1_000);
      }
    }
    return {
      db: connection.db,
      sql: connection.sql,
      run,
      runLast<Rows extends readonly MaybeRow[]>(query: string, statement: PendingQuery<Rows>) {
        if (!connection.alive()) throw lostConnection();
        // They are sent in the order of these calls.
        statement.execute();
        ending.commit = connection.sql`commit`.execute();
        // Whoever ends the transaction waits for it; it must not count as unhandled until then.
        ending.commit.catch(() => {});
        return run(query, statement);
      },
      afterCommit(then: () => void) {
        done.push(then);
      },
    };
  }

  async function transact<Result>(
    limitMs: number,
    settings: (sql: Sql) => PendingQuery<Row[]>,
    work: (tx: ReturnType<typeof makeTransaction>) => Promise<Result>,
  ): Promise<Result> {
    const connection = await pool.acquire();
    const { sql } = connection;
    const done: (() => void)[] = [];
    const ending: Ending = { commit: null };
    let reusable = false;
    const late = setTimeout(() => {
      void connection.close();
      pool.closeIdle();
    }, limitMs);
    try {
      const opening = Promise.all([sql`begin`.execute(), settings(sql).execute()]);
      // The work's own statement fails as well and is awaited first; the reason is thrown below.
      opening.catch(() => {});
      let result: Result;
      try {
        result = await work(makeTransaction(connection, ending, done));
        await opening;
      } catch (error) {
        if (connection.alive()) {
          // Behind a statement that failed, the commit was a rollback.
          await (ending.commit ?? sql`rollback`);
          reusable = true;
        }
        throw error;
      }
      if (!connection.alive() && ending.commit === null) throw lostConnection();
      const ended = await (ending.commit ?? sql`commit`);
      reusable = true;
      // An aborted transaction answers a commit with ROLLBACK: its work caught an error it must
      // not.
      if (ended.command !== 'COMMIT') throw new Error(`the commit ended as ${ended.command}`);
      for (const then of done) then();
      return result;
    } catch (error) {
      throw error instanceof AppError || !isDatabaseAway(error) ? error : databaseAway(error);
    } finally {
      clearTimeout(late);
      pool.release(connection, reusable);
    }
  }

  // An external server compiles what it thinks is costly: half a second for a page of 200 events
  // over 17 partitions, which then runs 10 ms (PostgreSQL 15, no statistics yet, 2026-11-23).
  // The casts brand: only here is a transaction given its role, by the settings on the same line.
  const unconfined: Database = {
    confinement: null,
    confinedTo: (confinement) => ({
      ...unconfined,
      confinement,
      withTenant: (tenantId, work) => withPortal({ ...confinement, tenantId }, work),
      withLookup: refuseBeyondPortal,
      withIngest: refuseBeyondPortal,
      withWorker: refuseBeyondPortal,
      withAccounts: refuseBeyondPortal,
    }),
    withTenant: (tenantId, work) =>
      transact(
        requestMsMax,
        (sql) => sql`select set_config('role', 'opsforge_app', true),
          set_config('jit', 'off', true),
          set_config('app.tenant_id', ${tenantId}, true),
          set_config('statement_timeout', ${`${statementTimeoutMs}`}, true)`,
        (tx) => work({ ...tx, tenantId } as TenantTx),
      ),
    withLookup: (work) =>
      transact(
        requestMsMax,
        (sql) => sql`select set_config('role', 'opsforge_lookup', true),
          set_config('jit', 'off', true),
          set_config('statement_timeout', ${`${statementTimeoutMs}`}, true)`,
        (tx) => work(tx as LookupTx),
      ),
    withIngest: (tenantIds, work) =>
      transact(
        requestMsMax,
        (sql) => sql`select set_config('role', 'opsforge_ingest', true),
          set_config('jit', 'off', true),
          set_config('app.tenant_ids', ${`{${tenantIds.join(',')}}`}, true),
          set_config('statement_timeout', ${`${statementTimeoutMs}`}, true)`,
        (tx) => work(tx as IngestTx),
      ),
    withWorker: (work) =>
      transact(
        workerMsMax,
        (sql) => sql`select set_config('role', 'opsforge_worker', true),
          set_config('jit', 'off', true),
          set_config('statement_timeout', ${`${workerStatementTimeoutMs}`}, true)`,
        (tx) => work(tx as WorkerTx),
      ),
    withAccounts: (work) =>
      transact(
        requestMsMax,
        (sql) => sql`select set_config('role', 'opsforge_accounts', true),
          set_config('jit', 'off', true),
          set_config('statement_timeout', ${`${statementTimeoutMs}`}, true)`,
        (tx) => work(accountsTx(tx)),
      ),
    distrust: () => pool.distrust(),
    counts: () => pool.counts(),
    close: () => pool.close(),
  };
  return unconfined;

  function accountsTx(tx: ReturnType<typeof makeTransaction>): AccountsTx {
    const act = (role: string, tenantId: string) =>
      tx.run(
        'actAs',
        tx.sql`select set_config('role', ${role}, true),
          set_config('app.tenant_id', ${tenantId}, true)`,
      );
    // A work that fails takes the transaction with it: the role needs no way back then.
    const asTenant: AccountsTx['asTenant'] = async (tenantId, work) => {
      await act('opsforge_app', tenantId);
      const result = await work({ ...tx, tenantId } as TenantTx);
      await act('opsforge_accounts', '');
      return result;
    };
    return { ...tx, asTenant } as AccountsTx;
  }

  async function withPortal<Result>(
    { tenantId, projectId, customer }: Confinement & { tenantId: TenantId },
    work: (tx: TenantTx) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await transact(
        requestMsMax,
        (sql) => sql`select set_config('role', 'opsforge_portal', true),
          set_config('app.tenant_id', ${tenantId}, true),
          set_config('app.portal_project_id', ${projectId}, true),
          set_config('app.portal_customer', ${customer}, true),
          set_config('statement_timeout', ${`${statementTimeoutMs}`}, true)`,
        (tx) => work({ ...tx, tenantId } as TenantTx),
      );
    } catch (cause) {
      if (!isBeyondRole(cause)) throw cause;
      throw new AppError('forbidden', 'A portal link does not reach this.', { cause });
    }
  }
}

const refuseBeyondPortal = () =>
  Promise.reject(new AppError('forbidden', 'A portal link does not reach this.'));

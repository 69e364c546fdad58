/**
 * The last wall between tenants, as the database holds it. Finds the tables by itself: a new one
 * with a tenant_id that lacks a wall fails here without anyone having written a test for it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { databaseRoles } from '../db/migrate.ts';
import { connect } from '../src/repositories/connection.ts';
import { databaseErrorCode } from '../src/repositories/transactions.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createEndpointRow, createKey, createTenant, type TestTenant } from './support/tenants.ts';

let db: TestDatabase;
let one: TestTenant;
let two: TestTenant;
let tables: { name: string; partition: boolean }[];

beforeAll(async () => {
  db = await createTestDatabase();
  one = await createTenant(db.database);
  two = await createTenant(db.database);
  for (const tenant of [one, two]) {
    await createKey(db.database, tenant);
    await createEndpointRow(db.database, tenant, 'http://127.0.0.1:9/');
    await fillRestAsAdministrator(tenant);
  }
  tables = await db.admin.sql<{ name: string; partition: boolean }[]>`
    select c.relname as name, c.relispartition as partition
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and (c.relname = 'tenants' or exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
    order by 1`;
});
afterAll(() => db.drop());

/** A row for each tenant in every table that the fixtures leave empty. */
async function fillRestAsAdministrator({ tenantId, projectId }: TestTenant): Promise<void> {
  const { sql } = db.admin;
  const [endpoint] = await sql`select id from endpoints where tenant_id = ${tenantId}`;
  const id = Bun.randomUUIDv7();
  const delivery = [id, tenantId, projectId, id, endpoint?.['id']];
  await sql`insert into webhook_events (id, tenant_id, project_id, type, payload)
    values (${id}, ${tenantId}, ${projectId}, 'a', '1')`;
  await sql.unsafe(
    `insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
     values ($1, $2, $3, $4, $5, 'a')`,
    delivery,
  );
  await sql.unsafe(
    `insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
       attempts, created_at, completed_at) values ($1, $2, $3, $4, $5, 'a', 'failed', 1, now(), now())`,
    delivery,
  );
  await sql`insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
      duration_ms, request_headers, worker)
    values (${tenantId}, ${id}, ${id}, 1, 'failed', now(), 1, '{}', 'w')`;
  await sql`insert into idempotency_keys
      (scope_id, key, tenant_id, project_id, event_id, fingerprint, deliveries)
    values (${projectId}, 'k', ${tenantId}, ${projectId}, ${id}, '\\x00', 1)`;
  await sql`insert into replays (id, tenant_id, project_id, since, until, dry_run, from_id, cursor_id,
      before_id, next_page_at, created_at)
    values (${id}, ${tenantId}, ${projectId}, now(), now(), true, ${id}, ${id}, ${id}, now(), now())`;
  await sql`insert into replay_deliveries (tenant_id, event_id, endpoint_id, replay_id, id)
    values (${tenantId}, ${id}, ${id}, ${id}, ${id})`;
  await sql`insert into delivery_stats_deltas values
    (${tenantId}, ${projectId}, ${id}, now(), 1, 0, 1, 0, '{1}', '{2}')`;
  for (const table of ['delivery_stats_minute', 'delivery_stats_hour']) {
    await sql`insert into ${sql(table)} values
      (${tenantId}, ${projectId}, ${id}, now(), 1, 0, 1, 0, '{1}', '{2}')`;
  }
  await sql`insert into monitors (id, tenant_id, project_id, name, kind, settings, interval_seconds,
      timeout_ms) values (${id}, ${tenantId}, ${projectId}, 'm', 'http', '{}', 30, 1000)`;
  await sql`insert into monitor_logs
      (id, tenant_id, monitor_id, started_at, outcome, duration_ms, region)
    values (${id}, ${tenantId}, ${id}, now(), 'up', 1, 'default')`;
  await sql`insert into source_counts values
    (${tenantId}, ${id}, now(), 'refused', 'r', 1, now())`;
  await sql`insert into sources (id, tenant_id, project_id, name, kind, secrets_encrypted)
    values (${id}, ${tenantId}, ${projectId}, 's', 'hmac', '\\x00')`;
  await sql`insert into users (id, email, name) values (${id}, ${`${id}@opsforge.test`}, 'n')`;
  await sql`insert into memberships (tenant_id, user_id, role)
    values (${tenantId}, ${id}, 'owner')`;
  await sql`insert into invitations (id, tenant_id, email, role, token_hash, expires_at)
    values (${id}, ${tenantId}, 'a@opsforge.test', 'viewer', ${Buffer.from(id)}, now())`;
  await sql`insert into audit_log
      (id, tenant_id, at, actor_kind, actor_label, action, target_id, target_label)
    values (${id}, ${tenantId}, now(), 'operator', 'o', 'project.created', ${id}, 't')`;
  await sql`insert into usage_deltas values (${tenantId}, ${projectId}, current_date, 1, 1)`;
  await sql`insert into usage_days values (${tenantId}, ${projectId}, current_date, 1, 1, 1, 1)`;
  await sql`insert into tenant_quotas (tenant_id, stored_bytes) values (${tenantId}, 1)`;
  await sql`insert into portal_links (id, tenant_id, project_id, customer, token_hash, may_write,
      expires_at) values (${id}, ${tenantId}, ${projectId}, 'c', ${id}::text::bytea, true, now())`;
  await sql`insert into portal_settings (tenant_id, project_id) values (${tenantId}, ${projectId})`;
}

const parents = () => tables.filter(({ partition }) => !partition).map(({ name }) => name);
const tenantColumn = (table: string) => (table === 'tenants' ? 'id' : 'tenant_id');

/** A connection as the service's login that acts as the role, with settings of a transaction. */
async function actingAs<Result>(
  role: string,
  settings: Record<string, string>,
  work: (query: (text: string) => Promise<{ count: number }[]>) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({ url: db.appUrl, applicationName: 'isolation' });
  try {
    await connection.sql`begin`;
    await connection.sql`select set_config('role', ${role}, true)`;
    for (const [name, value] of Object.entries(settings)) {
      await connection.sql`select set_config(${name}, ${value}, true)`;
    }
    return await work((text) => connection.sql.unsafe<{ count: number }[]>(text));
  } finally {
    await connection.close();
  }
}

describe('the walls between tenants', () => {
  test('stand on every table with a tenant: row level security is enabled and forced', async () => {
    const rows = await db.admin.sql<{ name: string; enabled: boolean; forced: boolean }[]>`
      select relname as name, relrowsecurity as enabled, relforcerowsecurity as forced
      from pg_class where relnamespace = current_schema()::regnamespace
        and relname in ${db.admin.sql(tables.map(({ name }) => name))}`;
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter(({ enabled, forced }) => !enabled || !forced)).toEqual([]);
  });

  test('are filled with rows of two tenants in this test, or it would prove nothing', async () => {
    for (const table of parents()) {
      const rows = await db.admin.sql.unsafe(
        `select count(distinct ${tenantColumn(table)})::int as count from ${table}`,
      );
      expect([table, rows[0]?.['count']]).toEqual([table, 2]);
    }
  });

  test('show a request its own tenant only, and nothing without one', async () => {
    for (const table of parents()) {
      const column = tenantColumn(table);
      // Requests have no business with them, and so no grant.
      if (['idempotency_keys', 'delivery_stats_deltas', 'usage_deltas'].includes(table)) continue;
      const counts = (tenantId: string | null) =>
        actingAs(
          'opsforge_app',
          tenantId === null ? {} : { 'app.tenant_id': tenantId },
          async (query) => {
            const all = await query(`select count(*)::int as count from ${table}`);
            const own = await query(
              `select count(*)::int as count from ${table} where ${column} = '${one.tenantId}'`,
            );
            return [table, all[0]?.count, own[0]?.count];
          },
        );
      const [, all, own] = await counts(one.tenantId);
      expect([table, all]).toEqual([table, own]);
      expect(Number(own)).toBeGreaterThan(0);
      const [, , foreign] = await counts(two.tenantId);
      expect([table, foreign]).toEqual([table, 0]);
      expect(await counts(null)).toEqual([table, 0, 0]);
    }
  });

  test('take no row of another tenant, nor any without a tenant, whatever a request writes', async () => {
    const writable = await db.admin.sql<{ name: string }[]>`
      select distinct table_name as name from information_schema.role_table_grants
      where grantee = 'opsforge_app' and privilege_type = 'INSERT'`;
    expect(writable.length).toBeGreaterThan(5);
    for (const { name } of writable) {
      for (const settings of [{ 'app.tenant_id': two.tenantId }, {}]) {
        const code = await actingAs('opsforge_app', settings, async (query) => {
          const [row] = await db.admin.sql.unsafe(
            `select to_jsonb(t) - 'shard' as row from ${name} t
             where ${tenantColumn(name)} = '${one.tenantId}' limit 1`,
          );
          const text = JSON.stringify({ ...row?.['row'], id: Bun.randomUUIDv7() });
          const columns = Object.keys(row?.['row'] ?? {}).join(', ');
          const literal = text.replaceAll("'", "''");
          try {
            await query(`insert into ${name} (${columns})
              select ${columns} from jsonb_populate_record(null::${name}, '${literal}')`);
            return 'written';
          } catch (error) {
            return databaseErrorCode(error);
          }
        });
        expect([name, code]).toEqual([name, '42501']);
      }
    }
  });

  test('cannot be walked around through a partition', async () => {
    const partitions = tables.filter(({ partition }) => partition);
    expect(partitions.length).toBeGreaterThan(50);
    const grants = await db.admin.sql`
      select table_name, grantee from information_schema.role_table_grants
      where table_name in ${db.admin.sql(partitions.map(({ name }) => name))}
        and grantee in ${db.admin.sql([...databaseRoles, 'PUBLIC'])}`;
    expect([...grants]).toEqual([]);
  });

  test('bind the roles and the login: none owns, bypasses, inherits or may make roles', async () => {
    const rows = await db.admin.sql`
      select rolname, rolsuper, rolbypassrls, rolinherit, rolcreaterole, rolcreatedb from pg_roles
      where rolname in ${db.admin.sql([...databaseRoles, 'opsforge_test_service'])}`;
    expect(rows.length).toBe(7);
    for (const { rolname, ...flags } of rows) {
      expect([rolname, Object.values(flags)]).toEqual([
        rolname,
        [false, false, false, false, false],
      ]);
    }
    const owned = await db.admin.sql`
      select c.relname from pg_class c join pg_roles r on r.oid = c.relowner
      where r.rolname in ${db.admin.sql([...databaseRoles, 'opsforge_test_service'])}`;
    expect([...owned]).toEqual([]);
  });

  test('let the look-up role see just the columns that turn a credential into a tenant', async () => {
    const rows = await db.admin.sql<{ name: string }[]>`
      select table_name || '.' || column_name as name from information_schema.column_privileges
      where grantee = 'opsforge_lookup' and table_name <> 'schema_migrations' order by 1`;
    expect(rows.map(({ name }) => name)).toEqual([
      'api_keys.expires_at',
      'api_keys.id',
      'api_keys.key_hash',
      'api_keys.project_id',
      'api_keys.rate_limit_per_second',
      'api_keys.revoked_at',
      'api_keys.scopes',
      'api_keys.tenant_id',
      'endpoint_secrets.created_at',
      'endpoint_secrets.endpoint_id',
      'endpoint_secrets.expires_at',
      'endpoint_secrets.id',
      'endpoint_secrets.public_key',
      'memberships.role',
      'memberships.tenant_id',
      'memberships.user_id',
      'portal_links.customer',
      'portal_links.event_filter',
      'portal_links.expires_at',
      'portal_links.id',
      'portal_links.may_write',
      'portal_links.project_id',
      'portal_links.revoked_at',
      'portal_links.tenant_id',
      'portal_links.token_hash',
      'sessions.expires_at',
      'sessions.id',
      'sessions.last_seen_at',
      'sessions.token_hash',
      'sessions.user_id',
      'sources.id',
      'sources.tenant_id',
      'tenants.id',
      'tenants.name',
      'tenants.slug',
      'users.email',
      'users.id',
      'users.name',
    ]);
  });

  test('show a tenant the names of its own members, and never how they sign in', async () => {
    const settings = { 'app.tenant_id': one.tenantId };
    const seen = await actingAs('opsforge_app', settings, (query) =>
      query(`select count(*)::int as count from users`),
    );
    expect(seen).toEqual([expect.objectContaining({ count: 1 })]);
    const refused = [
      'select password_hash from users',
      'select totp_secret_encrypted from users',
      `update users set name = 'x'`,
      `insert into memberships select tenant_id, user_id, 'owner' from memberships`,
      ...[
        'sessions',
        'one_time_tokens',
        'recovery_codes',
        'user_identities',
        'sign_in_throttles',
      ].map((table) => `select count(*) from ${table}`),
    ];
    for (const text of refused) {
      const code = await actingAs('opsforge_app', settings, (query) =>
        query(text).catch(databaseErrorCode),
      );
      expect([text, code]).toEqual([text, '42501']);
    }
  });

  test('let the accounts role see nothing of what tenants do', async () => {
    const granted = await db.admin.sql<{ name: string }[]>`
      select distinct table_name as name from information_schema.column_privileges
      where grantee = 'opsforge_accounts' and privilege_type in ('SELECT', 'UPDATE') order by 1`;
    expect(granted.map(({ name }) => name)).toEqual([
      ...['invitations', 'memberships', 'one_time_tokens', 'recovery_codes', 'sessions'],
      ...['sign_in_throttles', 'tenants', 'user_identities', 'users'],
    ]);
    const code = await actingAs('opsforge_accounts', {}, (query) =>
      query(`update memberships set role = 'owner'`).catch(databaseErrorCode),
    );
    expect(code).toBe('42501');
  });

  test('show a portal the rows of its customer alone, and nothing when one setting is missing', async () => {
    const customer = await createEndpointRow(db.database, one, 'http://127.0.0.1:9/', {
      customer: 'c',
    });
    await db.admin.sql`
      insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
        attempts, created_at, completed_at)
      select id, ${one.tenantId}, ${one.projectId}, id, ${customer}, 'a', 'failed', 1, now(), now()
      from (select ${Bun.randomUUIDv7()}::uuid as id) made`;
    const settings = {
      'app.tenant_id': one.tenantId,
      'app.portal_project_id': one.projectId,
      'app.portal_customer': 'c',
    };
    const granted = await db.admin.sql<{ name: string }[]>`
      select table_name as name from information_schema.role_table_grants
      where grantee = 'opsforge_portal' and privilege_type = 'SELECT' order by 1`;
    const counts = async (given: Record<string, string>) =>
      Promise.all(
        granted.map(({ name }) =>
          actingAs('opsforge_portal', given, async (query) => {
            const [row] = await query(`select count(*)::int as count from ${name}`);
            return [name, row?.count];
          }),
        ),
      );
    expect(Object.fromEntries(await counts(settings))).toEqual({
      ...{ deliveries: 1, delivery_attempts: 0, delivery_queue: 0, delivery_stats_hour: 0 },
      ...{ delivery_stats_minute: 0, endpoint_secrets: 1, endpoints: 1, projects: 1 },
      replay_deliveries: 0,
    });
    for (const missing of Object.keys(settings)) {
      const given = Object.fromEntries(
        Object.entries(settings).filter(([name]) => name !== missing),
      );
      const seen = (await counts(given)).filter(
        ([name, count]) => name !== 'projects' && count !== 0,
      );
      expect([missing, seen]).toEqual([missing, []]);
    }
  });

  describe('for the accept batch', () => {
    const insertQueued = (tenant: TestTenant, endpointId: string, projectId: string) =>
      `insert into delivery_queue (id, tenant_id, project_id, event_id, endpoint_id, event_type)
       values ('${Bun.randomUUIDv7()}', '${tenant.tenantId}', '${projectId}',
         '${Bun.randomUUIDv7()}', '${endpointId}', 'a')`;

    async function codeOf(tenants: TestTenant[], text: string): Promise<string | null> {
      const list = `{${tenants.map(({ tenantId }) => tenantId).join(',')}}`;
      return actingAs('opsforge_ingest', { 'app.tenant_ids': list }, async (query) => {
        try {
          await query(text);
          return 'written';
        } catch (error) {
          return databaseErrorCode(error);
        }
      });
    }

    async function endpointOf(tenant: TestTenant): Promise<string> {
      const [row] = await db.admin.sql`
        select id from endpoints where tenant_id = ${tenant.tenantId}`;
      return String(row?.['id']);
    }

    test('take a delivery of a listed tenant to its own endpoint', async () => {
      const text = insertQueued(one, await endpointOf(one), one.projectId);
      expect(await codeOf([one], text)).toBe('written');
    });

    test('refuse a tenant that is not in the list, and everything without a list', async () => {
      const text = insertQueued(two, await endpointOf(two), two.projectId);
      expect(await codeOf([one], text)).toBe('42501');
      expect(await codeOf([], text)).toBe('42501');
    });

    test('refuse an endpoint of another tenant and one of another project', async () => {
      const foreign = insertQueued(one, await endpointOf(two), one.projectId);
      expect(await codeOf([one, two], foreign)).toBe('23503');
      const elsewhere = insertQueued(one, await endpointOf(one), two.projectId);
      expect(await codeOf([one, two], elsewhere)).toBe('23503');
    });

    test('show it nothing of the events that it writes', async () => {
      expect(await codeOf([one], 'select * from webhook_events')).toBe('42501');
      expect(await codeOf([one], 'select url from endpoints')).toBe('42501');
    });
  });
});

/**
 * A database of its own for each test file, copied from a migrated template (about 50 ms). The
 * server is the one of OPSFORGE_TEST_DATABASE_URL (scripts/test.ts starts an embedded one for the
 * whole run), else an embedded one for this file. Tests act through the service's own login, never
 * a superuser.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../db/embedded/embedded.ts';
import { grantRoles, migrate, migrations } from '../../db/migrate.ts';
import { type Connection, connect } from '../../src/repositories/connection.ts';
import { type Database, openDatabase } from '../../src/repositories/transactions.ts';

const serviceLogin = 'opsforge_test_service';
const servicePassword = 'service';

export type TestDatabase = {
  /** The owner of the tables. */
  adminUrl: string;
  /** A NOINHERIT login that is a member of the service's roles. */
  appUrl: string;
  /** As the owner: for arranging and for looking behind the walls. */
  admin: Connection;
  database: Database;
  drop(): Promise<void>;
};

type Server = { url: string; stop: () => Promise<void> };

async function findServer(): Promise<Server> {
  const url = process.env['OPSFORGE_TEST_DATABASE_URL'];
  if (url !== undefined) return { url, stop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'opsforge-test-'));
  // As root the server runs as another account, which must be able to enter.
  await chmod(folder, 0o755);
  const embedded = await startEmbedded({ dataDir: folder, dataDirNamed: true, log: () => {} });
  return {
    url: embedded.adminUrl,
    async stop() {
      await embedded.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Replaces the database and, where given, the login of a server's URL. */
function urlOf(
  server: string,
  database: string,
  login?: { user: string; password: string },
): string {
  const url = new URL(server.replace('@/', '@socket/'));
  url.pathname = `/${database}`;
  if (login !== undefined) {
    url.username = login.user;
    url.password = login.password;
  }
  return url.href.replace('@socket/', '@/');
}

async function ensureTemplate(server: Connection, serverUrl: string): Promise<string> {
  const hash = Bun.hash(migrations.map((migration) => migration.text).join('')).toString(16);
  const name = `opsforge_template_${hash}`;
  await server.sql`select pg_advisory_lock(hashtext('opsforge.template'))`;
  try {
    const [found] =
      await server.sql`select 1 from pg_database where datname = ${name} and datistemplate`;
    if (found !== undefined) return name;
    await server.sql.unsafe(`drop database if exists ${name}`);
    await server.sql.unsafe(`create database ${name}`);
    const [login] = await server.sql`select 1 from pg_roles where rolname = ${serviceLogin}`;
    if (login === undefined) {
      await server.sql.unsafe(
        `create role ${serviceLogin} login noinherit password '${servicePassword}'`,
      );
    }
    const template = await connect({ url: urlOf(serverUrl, name), applicationName: 'template' });
    await migrate(template.sql);
    await grantRoles(template.sql, serviceLogin);
    await template.close();
    await server.sql.unsafe(`alter database ${name} is_template true`);
    return name;
  } finally {
    await server.sql`select pg_advisory_unlock(hashtext('opsforge.template'))`;
  }
}

export async function createTestDatabase(
  options: { poolSize?: number; onQuery?: (query: string) => void } = {},
): Promise<TestDatabase> {
  const found = await findServer();
  const server = await connect({ url: found.url, applicationName: 'tests' });
  const template = await ensureTemplate(server, found.url);
  const name = `opsforge_test_${crypto.randomUUID().replaceAll('-', '')}`;
  await server.sql.unsafe(`create database ${name} template ${template}`);
  const adminUrl = urlOf(found.url, name);
  const appUrl = urlOf(found.url, name, { user: serviceLogin, password: servicePassword });
  const admin = await connect({ url: adminUrl, applicationName: 'tests-admin' });
  const database = openDatabase({
    url: appUrl,
    poolSize: options.poolSize ?? 8,
    applicationName: 'tests-service',
    ...(options.onQuery === undefined ? {} : { onQuery: options.onQuery }),
  });
  return {
    adminUrl,
    appUrl,
    admin,
    database,
    async drop() {
      await database.close();
      await admin.close();
      await server.sql.unsafe(`drop database if exists ${name} with (force)`);
      await server.close();
      await found.stop();
    },
  };
}

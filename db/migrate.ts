/**
 * Brings the database up to date: forward only, each migration in a transaction of its own, checked
 * against its hash, all under one advisory lock, so that processes which start together are safe.
 * Runs as the administrator (DATABASE_URL). Throws AppError or the database's own error.
 */
import type { Sql } from 'postgres';
import { AppError } from '../src/domain/errors.ts';
import initial from './migrations/0001_initial.sql' with { type: 'text' };
import replays from './migrations/0002_replays.sql' with { type: 'text' };
import keeping from './migrations/0003_keeping.sql' with { type: 'text' };
import scheduling from './migrations/0004_scheduling.sql' with { type: 'text' };
import signing from './migrations/0005_signing.sql' with { type: 'text' };
import people from './migrations/0006_people.sql' with { type: 'text' };
import audit from './migrations/0007_audit.sql' with { type: 'text' };
import usage from './migrations/0008_usage.sql' with { type: 'text' };
import portal from './migrations/0009_portal.sql' with { type: 'text' };
import projectRollups from './migrations/0010_project_rollups.sql' with { type: 'text' };
import sourceCounts from './migrations/0011_source_counts.sql' with { type: 'text' };
import sourcePause from './migrations/0012_source_pause.sql' with { type: 'text' };
import replayCounts from './migrations/0013_replay_counts.sql' with { type: 'text' };

export type Migration = { version: number; name: string; text: string };

export const migrations: Migration[] = [
  { version: 1, name: 'initial', text: initial },
  { version: 2, name: 'replays', text: replays },
  { version: 3, name: 'keeping', text: keeping },
  { version: 4, name: 'scheduling', text: scheduling },
  { version: 5, name: 'signing', text: signing },
  { version: 6, name: 'people', text: people },
  { version: 7, name: 'audit', text: audit },
  { version: 8, name: 'usage', text: usage },
  { version: 9, name: 'portal', text: portal },
  { version: 10, name: 'project_rollups', text: projectRollups },
  { version: 11, name: 'source_counts', text: sourceCounts },
  { version: 12, name: 'source_pause', text: sourcePause },
  { version: 13, name: 'replay_counts', text: replayCounts },
];

export const databaseRoles = [
  'opsforge_app',
  'opsforge_lookup',
  'opsforge_ingest',
  'opsforge_worker',
  'opsforge_accounts',
  'opsforge_portal',
] as const;

/** Oldest server that the schema was tried on (docs/decisions/0002-database.md). */
const serverVersionMin = 150000;
/**
 * Roles belong to the cluster: two databases that migrate at once trip over each other's grants.
 */
const attemptsMax = 10;

type Applied = { version: number; checksum: string };

const checksumOf = (migration: Migration) =>
  new Bun.CryptoHasher('sha256').update(migration.text).digest('hex');

/** The migrations that are due, oldest first; changes nothing. */
export async function findDueMigrations(sql: Sql, all = migrations): Promise<Migration[]> {
  const [found] = await sql`select to_regclass('schema_migrations') is not null as exists`;
  const applied: Applied[] = found?.['exists']
    ? await sql<Applied[]>`select version, checksum from schema_migrations order by version`
    : [];
  const newest = all.at(-1)?.version ?? 0;
  for (const { version, checksum } of applied) {
    const known = all.find((migration) => migration.version === version);
    if (known === undefined && version > newest) {
      throw new AppError(
        'conflict',
        `The database is at schema version ${version}, this opsforge knows only ${newest}: start the newer opsforge that migrated it.`,
      );
    }
    if (known !== undefined && checksumOf(known) !== checksum) {
      throw new AppError(
        'conflict',
        `Migration ${version} (${known.name}) was applied with another text than this opsforge carries: use the build that made this database.`,
      );
    }
  }
  const done = new Set(applied.map(({ version }) => version));
  return all.filter(({ version }) => !done.has(version));
}

/** Applies what is due and answers it. `sql` must be the administrator's, with one connection. */
export async function migrate(sql: Sql, all = migrations): Promise<Migration[]> {
  const [server] = await sql`select current_setting('server_version_num')::int as version`;
  const version = Number(server?.['version']);
  if (version < serverVersionMin) {
    throw new AppError(
      'conflict',
      `The database server is PostgreSQL ${Math.floor(version / 10_000)}; opsforge needs 15 or newer.`,
    );
  }
  await sql`select pg_advisory_lock(hashtext('opsforge.migrate'))`;
  try {
    await sql`create table if not exists schema_migrations (
      version integer primary key, name text not null, checksum text not null,
      applied_at timestamptz not null default now())`.simple();
    const due = await findDueMigrations(sql, all);
    for (const migration of due) await applyWithRetry(sql, migration);
    return due;
  } finally {
    await sql`select pg_advisory_unlock(hashtext('opsforge.migrate'))`;
  }
}

/** Lets the service's own login act as the roles. External logins are granted by their operator. */
export async function grantRoles(sql: Sql, login: string): Promise<void> {
  for (const role of databaseRoles) {
    await sql`grant ${sql(role)} to ${sql(login)}`;
  }
}

async function applyWithRetry(sql: Sql, migration: Migration): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await sql.begin(async (tx) => {
        await tx.unsafe(migration.text);
        await tx`insert into schema_migrations (version, name, checksum)
          values (${migration.version}, ${migration.name}, ${checksumOf(migration)})`;
      });
      return;
    } catch (error) {
      const collided =
        error instanceof Error && error.message.includes('tuple concurrently updated');
      if (!collided || attempt >= attemptsMax) throw error;
    }
  }
}

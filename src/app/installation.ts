/**
 * Where the database of an installation is, and how it is made ready: the embedded one of the data
 * folder, or the one of DATABASE_URL. Commands use that of a running service when there is one.
 */
import {
  findRunningEmbedded,
  makeDataDir,
  resolveDataDir,
  startEmbedded,
} from '../../db/embedded/embedded.ts';
import { findDueMigrations, grantRoles, type Migration, migrate } from '../../db/migrate.ts';
import { makePartitions } from '../../db/partitions.ts';
import { StartError } from '../domain/start-error.ts';
import { type Connection, connect, loginOf } from '../repositories/connection.ts';
import { isDatabaseAway } from '../repositories/transactions.ts';
import type { Config } from './config.ts';

export type Installation = {
  dataDir: string;
  /** The owner of the tables. */
  adminUrl: string;
  /** The login that serves; with DATABASE_URL alone the owner, who then sets its role. */
  appUrl: string;
  /** For locks and LISTEN, past any transaction pooler. */
  directUrl: string;
  embedded: boolean;
  /** A running service has brought it up to date already. */
  migrated: boolean;
  /** Stops what `openInstallation` started; safe twice. */
  stop(): Promise<void>;
};

export type Progress = (message: string, fields?: Record<string, unknown>) => void;

/** The folder that is used in the end, made when missing. Throws StartError. */
function usableDataDir(config: Config, progress: Progress): string {
  const isRoot = process.getuid?.() === 0;
  // An external database needs no other account, so the folder need not be passable for one.
  if (config.databaseUrl === null) {
    const { dataDir, note } = resolveDataDir({ ...config, isRoot });
    if (note !== null) progress(note);
    makeDataDir(dataDir);
    return dataDir;
  }
  makeDataDir(config.dataDir);
  return config.dataDir;
}

function external(config: Config, databaseUrl: string, dataDir: string): Installation {
  return {
    dataDir,
    adminUrl: databaseUrl,
    appUrl: config.databaseAppUrl ?? databaseUrl,
    directUrl: config.databaseDirectUrl ?? databaseUrl,
    embedded: false,
    migrated: false,
    stop: async () => {},
  };
}

/** The database that runs already; starts nothing. */
export async function findInstallation(config: Config): Promise<Installation | null> {
  if (config.databaseUrl !== null) return external(config, config.databaseUrl, config.dataDir);
  const isRoot = process.getuid?.() === 0;
  const { dataDir } = resolveDataDir({ ...config, isRoot });
  const running = await findRunningEmbedded(dataDir);
  if (running === null) return null;
  return {
    dataDir,
    ...running,
    directUrl: running.appUrl,
    embedded: true,
    migrated: true,
    stop: async () => {},
  };
}

/** Starts the embedded database, or names the external one. Throws StartError. */
export async function openInstallation(config: Config, progress: Progress): Promise<Installation> {
  const dataDir = usableDataDir(config, progress);
  if (config.databaseUrl !== null) return external(config, config.databaseUrl, dataDir);
  // The folder was chosen above: named from here on, so that it is not chosen again.
  const started = await startEmbedded({ dataDir, dataDirNamed: true, log: progress });
  return {
    dataDir,
    adminUrl: started.adminUrl,
    appUrl: started.appUrl,
    directUrl: started.appUrl,
    embedded: true,
    migrated: false,
    stop: started.stop,
  };
}

/** Migrates, lets the service's login act as the roles, makes the coming days' partitions. */
export async function prepareDatabase(installation: Installation): Promise<Migration[]> {
  return withAdministrator(installation, async ({ sql }) => {
    const applied = await migrate(sql);
    if (installation.embedded) await grantRoles(sql, loginOf(installation.appUrl));
    await makePartitions(sql);
    return applied;
  });
}

export async function listDueMigrations(installation: Installation): Promise<Migration[]> {
  return withAdministrator(installation, ({ sql }) => findDueMigrations(sql));
}

/** One connection as the administrator, closed in the end. Throws StartError when none answers. */
export async function withAdministrator<Result>(
  installation: Installation,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await connect({
    url: installation.adminUrl,
    applicationName: 'opsforge admin',
  }).catch((cause: unknown) => {
    throw new StartError(unreachable(installation, cause), 1, { cause });
  });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

function unreachable(installation: Installation, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (installation.embedded) return `The embedded database does not answer: ${reason}`;
  const where = URL.parse(installation.adminUrl)?.host ?? 'its socket';
  const remedy = isDatabaseAway(cause)
    ? 'check that it runs and that DATABASE_URL names it'
    : 'check user, password and database in DATABASE_URL';
  return `The database of DATABASE_URL (${where}) cannot be used: ${reason}; ${remedy}.`;
}

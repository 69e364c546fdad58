/**
 * The embedded PostgreSQL: one folder, one opsforge, one server. While the service lives the server
 * is kept running; it never outlives it, however the service dies (guard.ts), and one that is left
 * all the same is stopped before a new one starts. Adopted it would not be our child, so its death
 * would go unnoticed, and it might have the settings and binaries of another version. Cost: 0.1 s.
 */
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../../src/domain/start-error.ts';
import { chooseServerAccount } from './account.ts';
import { unpackBinaries } from './binaries.ts';
import {
  type ClusterContext,
  checkCluster,
  createCluster,
  giveCluster,
  removeDrafts,
  resetLogins,
} from './cluster.ts';
import {
  type Connection,
  type ConnectionUrls,
  clusterPath,
  connectionUrls,
  newConnection,
  placeSocket,
  readConnection,
  removeShortSocketDir,
  socketFolder,
  socketPath,
  writeConnection,
} from './connection.ts';
import { makeDataDir, resolveDataDir } from './data-dir.ts';
import { FolderInUseError, type FolderLock, lockFolder } from './folder-lock.ts';
import { startGuard } from './guard.ts';
import { clearLeftovers, foreignServerError, type Log, startServer } from './server.ts';
import { inspectServer, isAlive, readServerFile } from './server-file.ts';
import { serverArguments } from './settings.ts';

export { FolderInUseError, isAlive, makeDataDir, resolveDataDir };

export type EmbeddedPostgres = ConnectionUrls & {
  /** Fast shutdown, then the guard and the lock. Safe twice. */
  stop(): Promise<void>;
};

const pollMs = 20;
/** A server left by a killed opsforge is asked to stop, then made to. */
const leftoverSignals: [NodeJS.Signals, number][] = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
];
/** Another command waits this long for a server that is just starting or recovering. */
const startingWaitMs = 5_000;
const connectTimeoutMs = 2_000;
/** SSLRequest of the protocol (length 8, code 80877103): answered with one byte, and not logged. */
const encryptionRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Starts the server of the data folder, making all of it that is missing. Throws StartError: 1 when
 * the folder is in use, full, of another version; 2 when it cannot be used by this account.
 */
export async function startEmbedded(options: {
  dataDir: string;
  dataDirNamed: boolean;
  log: Log;
}): Promise<EmbeddedPostgres> {
  const isRoot = process.getuid?.() === 0;
  const { dataDir, note } = resolveDataDir({ ...options, isRoot });
  if (note !== null) options.log(note);
  makeDataDir(dataDir);
  const lock = await lockFolder(dataDir);
  try {
    return await startLocked(dataDir, lock, options.log);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(dataDir: string, lock: FolderLock, log: Log): Promise<EmbeddedPostgres> {
  const clusterDir = clusterPath(dataDir);
  const exists = await checkCluster(clusterDir);
  const account = chooseServerAccount(clusterDir);
  if (exists) await stopLeftover(dataDir, log);
  await removeDrafts(clusterDir);
  const binaries = await unpackBinaries(dataDir);
  const guard = startGuard({ dataDir, account, log });
  let placed: Connection | null = null;
  const cleanUp = async () => {
    if (placed !== null) await removeShortSocketDir(placed);
    await guard.end();
    lock.release();
  };
  try {
    const context = { clusterDir, binaries, account, guard };
    const connection = exists
      ? await openCluster(dataDir, context, log)
      : await makeCluster(dataDir, context);
    placed = await placeSocket(dataDir, connection, account);
    const flags = serverArguments(clusterDir, socketFolder(dataDir, placed));
    const server = await startServer({ ...context, dataDir, flags, log });
    let stopped: Promise<void> | null = null;
    const stop = () => server.stop().finally(cleanUp);
    return {
      ...connectionUrls(dataDir, placed),
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** The passwords are kept before they are set, so that an interrupted start loses none. */
async function makeCluster(dataDir: string, context: ClusterContext): Promise<Connection> {
  const kept = await readConnection(dataDir);
  const connection = kept ?? newConnection();
  if (kept === null) await writeConnection(dataDir, connection);
  await createCluster(context, connection);
  return connection;
}

async function openCluster(
  dataDir: string,
  context: ClusterContext,
  log: Log,
): Promise<Connection> {
  await giveCluster(context.clusterDir, context.account);
  const kept = await readConnection(dataDir);
  if (kept !== null) return kept;
  log('The file of database passwords is missing; making new ones');
  const connection = newConnection();
  clearLeftovers(dataDir, context.clusterDir, log);
  await resetLogins(context, connection);
  await writeConnection(dataDir, connection);
  return connection;
}

/**
 * Stops the server of a killed opsforge, whose guard was killed too or is still at it. Throws
 * StartError when the server is not ours.
 */
async function stopLeftover(dataDir: string, log: Log): Promise<void> {
  const clusterDir = clusterPath(dataDir);
  const pid = readServerFile(clusterDir)?.pid;
  const live = pid === undefined ? null : inspectServer(pid, clusterDir, join(dataDir, 'bin'));
  if (pid === undefined || live === null) return;
  if (!live.ours) throw foreignServerError(clusterDir, pid);
  log('Stopping the PostgreSQL that a killed opsforge left', { pid });
  for (const [signal, waitMs] of leftoverSignals) {
    sendSignal(pid, signal);
    const deadlineMs = performance.now() + waitMs;
    while (performance.now() < deadlineMs) {
      if (!isAlive(pid)) return;
      await sleep(pollMs);
    }
  }
  throw new StartError(`The PostgreSQL left in ${dataDir} (pid ${pid}) does not end: kill it.`, 1);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended since we looked.
  }
}

/**
 * The database of the opsforge that runs on this folder; null when none runs. Never starts one.
 * Waits a little for one that is just starting. Throws StartError when it may not read the folder.
 */
export async function findRunningEmbedded(dataDirGiven: string): Promise<ConnectionUrls | null> {
  const dataDir = resolve(dataDirGiven);
  const connection = await readConnection(dataDir);
  if (connection === null) return null;
  const deadlineMs = performance.now() + startingWaitMs;
  while (performance.now() < deadlineMs) {
    const file = readServerFile(clusterPath(dataDir));
    if (file === null) return null;
    const live = await answers(socketPath(socketFolder(dataDir, connection)));
    if (live && file.ready) return connectionUrls(dataDir, connection);
    // A live pid alone proves nothing, but it is worth waiting for.
    if (!live && !isAlive(file.pid)) return null;
    await sleep(pollMs);
  }
  return null;
}

/** A connection may wait in the queue of a dying server; a byte comes only from a live one. */
function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ path, timeout: connectTimeoutMs });
    const finish = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => socket.write(encryptionRequest));
    socket.once('data', () => finish(true));
    socket.once('close', () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}

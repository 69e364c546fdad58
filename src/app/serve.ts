/**
 * The service: database, then loops, then HTTP, started in order and stopped in reverse. Ready
 * means that the schema is current, the coming days have their partitions and the port is open. A
 * signal ends it within SHUTDOWN_TIMEOUT, the database last; a second one more than 1 s later ends
 * it at once. Throws StartError when it cannot begin.
 */
import { migrations } from '../../db/migrate.ts';
import { makePartitions } from '../../db/partitions.ts';
import { dropOldPartitions } from '../../db/retention.ts';
import { createLog, type Log } from '../lib/log.ts';
import { recordKeyUse } from '../usecases/accounts/record-key-use.ts';
import { checkReadiness, measureClock } from '../usecases/check-readiness.ts';
import { foldStats } from '../usecases/keeping/fold-stats.ts';
import { foldUsage } from '../usecases/keeping/fold-usage.ts';
import { findSignUpLink } from '../usecases/people/make-sign-up-link.ts';
import { recordSessionUse } from '../usecases/people/record-session-use.ts';
import { trimExpiredPeople } from '../usecases/people/trim-expired-people.ts';
import { warnOfQuotas } from '../usecases/usage/warn-of-quotas.ts';
import { Loop, within } from '../workers/loop.ts';
import { createRetentionLoop } from '../workers/retention-loop.ts';
import { type Part, Supervisor } from '../workers/supervisor.ts';
import { version } from './build.ts';
import type { Config } from './config.ts';
import { buildService, type Service } from './deps.ts';
import { createHttp } from './http.ts';
import {
  type Installation,
  openInstallation,
  prepareDatabase,
  withAdministrator,
} from './installation.ts';
import { type PidFile, writePidFile } from './pid-file.ts';
import { openSecretBox } from './secret-key.ts';

/** A machine that slept, or a database whose clock was set, is followed within this time. */
const clockPollMs = 2_000;
const keyUsePollMs = 30_000;
const peopleTrimPollMs = 3_600_000;
const partitionPollMs = 3_600_000;
/** Figures of deliveries and of usage are behind by so much. */
const statsFoldPollMs = 2_000;
/** A mail server that is silent must not cost the others their time to stop. */
const mailDrainMsMax = 3_000;
const quotaWarningPollMs = 30_000;
/** A terminal and npm may both deliver the first signal. */
const secondSignalAfterMs = 1_000;
const stoppedAtOnceExitCode = 1;

export async function serve(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const signals = catchSignals(log);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const installation = await openInstallation(config, (message, fields) =>
    // Once it serves, the database has nothing to say that is not trouble.
    signals.ready ? log.warn({ part: 'database', ...fields }, message) : say(message),
  );
  let supervisor: Supervisor | null = null;
  let pidFile: PidFile | null = null;
  let clean = true;
  try {
    const applied = await prepareDatabase(installation);
    for (const migration of applied) say(`migrated: ${migration.version} ${migration.name}`);
    const secretBox = await openSecretBox(config, installation);
    const service = buildService({ config, installation, log, secretBox });
    const state = { stopping: false };
    const readiness = () =>
      checkReadiness({
        database: service.database,
        clock: service.clock,
        schemaVersion: migrations.at(-1)?.version ?? 0,
        stopping: () => state.stopping,
      });
    const http = createHttp({ config, service, log, readiness });
    const parts = listParts({ config, service, installation, http: http.part, log });
    supervisor = new Supervisor(parts, log);
    await supervisor.start();
    const url = config.publicUrl ?? `http://localhost:${http.port()}`;
    // A worker has no API: commands must not send people to it.
    const served = config.role === 'worker' ? null : url;
    pidFile = writePidFile(installation.dataDir, config.databaseUrl !== null, served);
    greet(config, url, await firstLink(config, service), say);
    signals.ready = true;
    log.info({ url, role: config.role, version, pid: process.pid }, 'ready');
    for (const name of config.unused) log.warn({ variable: name }, 'set but not used yet');
    const signal = await signals.received;
    log.info({ signal, timeoutMs: config.shutdownTimeoutMs }, 'stopping');
    state.stopping = true;
    clean = await supervisor.stop(config.shutdownTimeoutMs);
  } catch (error) {
    await supervisor?.stop(config.shutdownTimeoutMs);
    throw error;
  } finally {
    await installation.stop();
    pidFile?.remove();
  }
  log.info({ clean }, 'stopped');
}

type Wiring = {
  config: Config;
  service: Service;
  installation: Installation;
  http: Part;
  log: Log;
};

/** In the order of their start; they stop in reverse. */
function listParts({ config, service, installation, http, log }: Wiring): Part[] {
  const {
    database,
    clock,
    delivery,
    keys,
    sessions,
    metrics,
    wakeUps,
    httpClient,
    acceptor,
    mailer,
  } = service;
  const loop = (name: string, pollMs: number, work: () => Promise<unknown>): Part => {
    const running = new Loop({
      name,
      pollMs,
      log,
      work: async () => void (await work()),
      onRun: (outcome, seconds) => metrics.job(name, outcome, seconds),
    });
    return { name, start: () => running.start(), stop: (ms) => running.stop(ms) };
  };
  const recordUse = () => recordKeyUse(database, keys);
  const keyUseLoop = loop('key-use', keyUsePollMs, recordUse);
  const keyUse: Part = {
    ...keyUseLoop,
    // What was used since the last time, or a restart would hide it.
    async stop(deadlineMs) {
      await keyUseLoop.stop(deadlineMs);
      const last = recordUse().catch((error: unknown) =>
        log.warn({ err: error }, 'when keys were last used is not recorded'),
      );
      await within(last, deadlineMs);
    },
  };
  const parts: Part[] = [
    { name: 'pool', start: () => {}, stop: () => database.close() },
    {
      name: 'mail',
      start: () => {},
      stop: (ms) => mailer?.drained(Math.min(ms, mailDrainMsMax)),
    },
    { name: 'wake-ups', start: () => wakeUps.start(), stop: () => wakeUps.stop() },
    {
      name: 'clock',
      start: async () => void (await measureClock(database, clock)),
      stop: () => {},
    },
    loop('clock', clockPollMs, () => measureClock(database, clock)),
    loop('partitions', partitionPollMs, () =>
      withAdministrator(installation, ({ sql }) => makePartitions(sql)),
    ),
    loop('session-use', keyUsePollMs, () => recordSessionUse(database, sessions)),
    keyUse,
    loop('people-trim', peopleTrimPollMs, () => trimExpiredPeople({ database })),
    { name: 'http-client', start: () => {}, stop: () => httpClient.close() },
  ];
  if (delivery !== null) {
    const { engine, leader, replays } = delivery;
    parts.push(
      loop('stats-fold', statsFoldPollMs, () => foldStats(service.deps)),
      loop('usage-fold', statsFoldPollMs, () => foldUsage({ database })),
      loop('quota-warnings', quotaWarningPollMs, () => warnOfQuotas(service.deps)),
      retentionPart({ config, service, installation, log }),
      { name: 'engine', start: () => engine.start(), stop: (ms) => engine.stop(ms) },
      { name: 'leader', start: () => leader.start(), stop: (ms) => leader.stop(ms) },
      { name: 'replays', start: () => replays.start(), stop: (ms) => replays.stop(ms) },
    );
  }
  if (config.role !== 'worker') {
    const { quotaLoop } = service;
    parts.push({
      name: 'quotas',
      start: () => quotaLoop.start(),
      stop: (ms) => quotaLoop.stop(ms),
    });
  }
  // Requests end before what they wait for does: the last group is committed, then handed over.
  parts.push({ name: 'accepting', start: () => {}, stop: () => acceptor.drained() }, http);
  return parts;
}

function retentionPart({ config, service, installation, log }: Omit<Wiring, 'http'>): Part {
  const retention = {
    eventsMs: config.retentionEventsMs,
    monitorLogsMs: config.retentionMonitorLogsMs,
  };
  const running = createRetentionLoop({
    database: service.database,
    announceChange: service.deps.announceChange,
    log,
    onRun: (outcome, seconds) => service.metrics.job('retention', outcome, seconds),
    dropPartitions: (signal) =>
      withAdministrator(installation, async ({ sql, close }) => {
        if (signal.aborted) return null;
        signal.addEventListener('abort', () => void close());
        return dropOldPartitions(sql, retention);
      }),
  });
  return { name: 'retention', ...running };
}

/** While there is no account. */
function firstLink(config: Config, service: Service): Promise<string | null> {
  return config.role === 'worker' ? Promise.resolve(null) : findSignUpLink(service.people);
}

/** How a newcomer goes on; the last plain lines before the log. */
function greet(
  config: Config,
  url: string,
  link: string | null,
  say: (line: string) => void,
): void {
  say(`opsforge ${version} listens at ${url}`);
  if (config.role === 'worker') return;
  if (link !== null) say(`Make the first account: ${link}`);
  say('Make a key: opsforge bootstrap --tenant acme --project main');
  say('(in a checkout: npm start --silent -- bootstrap --tenant acme --project main)');
}

type Signals = { received: Promise<NodeJS.Signals>; ready: boolean };

/** From the first moment on: a signal during the start ends it as soon as it is through. */
function catchSignals(log: Log): Signals {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | null = null;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (firstMs === null) {
        firstMs = nowMs;
        resolve(signal);
      } else if (nowMs - firstMs > secondSignalAfterMs) {
        log.warn({ signal }, 'stopped at once by a second signal');
        process.exit(stoppedAtOnceExitCode);
      }
    });
  }
  return { received: promise, ready: false };
}

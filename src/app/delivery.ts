/** What a process with the role of a worker is made of beside the rest: nothing has started. */
import { hostname } from 'node:os';
import { newId, type WorkerId } from '../domain/ids.ts';
import type { Log } from '../lib/log.ts';
import { withEcho } from '../outbound/echo.ts';
import type { HttpClient } from '../outbound/http-client.ts';
import { openLockSession } from '../repositories/shard-locks.ts';
import type { WakeUps } from '../repositories/wake-ups.ts';
import type { Deps } from '../usecases/context.ts';
import { createWorkerRegister } from '../usecases/workers/register-worker.ts';
import { createDeliveryEngine } from '../workers/delivery/engine.ts';
import { Leader } from '../workers/leader.ts';
import { createReplayLoop } from '../workers/replay-loop.ts';
import { version } from './build.ts';
import type { Config } from './config.ts';
import type { Installation } from './installation.ts';
import type { Metrics } from './metrics.ts';

/** Deliveries at once; the client's bound is above it, Bun's (main.ts) above both. */
const deliveriesInFlightMax = 256;

export type Delivery = ReturnType<typeof buildDelivery>;

/** The engine, the leader that tells it which shards are its own, and what makes replays. */
export function buildDelivery(parts: {
  config: Config;
  installation: Installation;
  deps: Deps;
  log: Log;
  metrics: Metrics;
  wakeUps: WakeUps;
  send: HttpClient['send'];
}) {
  const { config, installation, deps, log, metrics, wakeUps, send } = parts;
  const id = newId<WorkerId>(deps.clock.databaseNow());
  const host = hostname();
  const engine = createDeliveryEngine({
    ...deps,
    send: withEcho(send),
    log,
    workerName: `${host}:${process.pid}`,
    limits: { inFlightMax: deliveriesInFlightMax, pollMs: config.deliveryPollIntervalMs },
    observe: {
      ...metrics,
      attempt(outcome, projectId) {
        metrics.attempt(outcome);
        deps.tellNews(projectId, ['deliveries']);
      },
    },
    isListening: () => wakeUps.isListening(),
  });
  const leader = new Leader({
    openSession: (events) => openLockSession({ url: installation.directUrl, ...events }),
    follower: engine,
    register: createWorkerRegister(deps, {
      id,
      host,
      pid: process.pid,
      region: config.region,
      version,
    }),
    log,
  });
  const replays = createReplayLoop({
    deps,
    pollMs: config.deliveryPollIntervalMs,
    log,
    onRun: (outcome, seconds) => metrics.job('replays', outcome, seconds),
  });
  return { engine, leader, replays };
}

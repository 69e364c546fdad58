/**
 * Runs one scenario and stops and removes all that it was given, the last first, however it ends.
 * Used by main.ts and, at the size `tiny`, by tests/e2e/bench.test.ts.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Commands, startChild } from './child.ts';
import type { Bench, Scenario, Section, Size } from './scenario.ts';
import { accept } from './scenarios/accept.ts';
import { backlog } from './scenarios/backlog.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { deliver } from './scenarios/deliver.ts';
import { halfLoad } from './scenarios/half-load.ts';
import { idle } from './scenarios/idle.ts';
import { leader } from './scenarios/leader.ts';
import { pages } from './scenarios/pages.ts';
import { retries } from './scenarios/retries.ts';
import { start } from './scenarios/start.ts';
import { stored } from './scenarios/stored.ts';
import { type Program, startService } from './service.ts';

/** In the order of the report. */
export const scenarios: readonly Scenario[] = [
  ...[start, idle, accept, deliver, halfLoad],
  ...[backlog, stored, blackHole, retries, leader, pages],
];

export class StoppedError extends Error {}

type Started = { stop(): Promise<void> };

export type Runner = {
  /** Throws StoppedError after SIGINT or SIGTERM. */
  run(scenario: Scenario): Promise<Section>;
  /** Owed in any case. */
  stop(): Promise<void>;
};

export function createRunner(
  program: Program,
  size: Size,
  say: (line: string) => void = (line) => console.error(`  ${line}`),
): Runner {
  const shared = createKeeper();
  let template: Promise<string> | null = null;

  async function makeTemplate(): Promise<string> {
    const dataDir = await shared.folder();
    const service = await shared.keep(startService(program, { dataDir }));
    await service.stop();
    return dataDir;
  }

  function createBench(keeper: ReturnType<typeof createKeeper>): Bench {
    const { keep, folder } = keeper;
    return {
      pick: (values) => (size === 'full' ? (values.full ?? values.usual) : values[size]),
      keep,
      folder,
      async dataFolder() {
        template ??= makeTemplate();
        const dataDir = join(await folder(), 'data');
        // With its owners: as root PostgreSQL runs as another account.
        const copy = Bun.spawn(['cp', '-a', await template, dataDir], { stdio: ['ignore', 2, 2] });
        if ((await copy.exited) !== 0) throw new Error('the database could not be copied');
        return dataDir;
      },
      startService: (options) => keep(startService(program, options)),
      startProcess: <Of extends Commands>(name: string) => keep(startChild<Of>(name)),
      say,
    };
  }

  return {
    async run(scenario) {
      const keeper = createKeeper();
      const stopped = Promise.withResolvers<never>();
      const onSignal = () => stopped.reject(new StoppedError('stopped'));
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      try {
        return await Promise.race([scenario.run(createBench(keeper)), stopped.promise]);
      } finally {
        await keeper.stop();
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
    },
    stop: () => shared.stop(),
  };
}

function createKeeper() {
  const started: (() => Promise<void>)[] = [];
  return {
    /** Noted before it has started: a signal may come meanwhile. */
    keep<One extends Started>(starting: Promise<One>): Promise<One> {
      started.push(() => starting.then((one) => one.stop()).catch(() => {}));
      return starting;
    },
    async folder(): Promise<string> {
      const path = await mkdtemp(join(tmpdir(), 'opsforge-bench-'));
      started.push(() => rm(path, { recursive: true, force: true }));
      // As root PostgreSQL runs as another account, which must be able to enter.
      await chmod(path, 0o755);
      return path;
    },
    async stop(): Promise<void> {
      for (let stop = started.pop(); stop !== undefined; stop = started.pop()) await stop();
    },
  };
}

/**
 * npm run bench -- [SCENARIO…] [--checkout] [--quick] [--write]: measures the built binary, run as
 * users run it, and prints tables; --write puts them into docs/benchmarks.md. Contacts 127.0.0.1
 * alone, is bounded in time and count, and removes all that it made, after Ctrl-C too. Never fails
 * by a time: it compares, people judge.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answerCalls, type Commands, childFlag, startChild } from './child.ts';
import { describeRun } from './machine.ts';
import { loadCommands } from './processes/load.ts';
import { probeCommands } from './processes/probe.ts';
import { receiverCommands } from './processes/receiver.ts';
import { formatSection, writeSections } from './report.ts';
import type { Bench, Scenario, Section } from './scenario.ts';
import { accept } from './scenarios/accept.ts';
import { deliver } from './scenarios/deliver.ts';
import { idle } from './scenarios/idle.ts';
import { start } from './scenarios/start.ts';
import { type Program, startService } from './service.ts';

const root = join(import.meta.dir, '../..');

/** In the order of the report. */
const scenarios: readonly Scenario[] = [start, idle, accept, deliver];
const processes: Record<string, () => Commands> = {
  load: loadCommands,
  receiver: receiverCommands,
  probe: probeCommands,
};

type Options = { chosen: Scenario[]; checkout: boolean; quick: boolean; write: boolean };

/** A wrong argument: its message is all that people need. */
class UsageError extends Error {}

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      checkout: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !scenarios.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = scenarios.map((each) => `  ${each.name.padEnd(8)} ${each.summary}`).join('\n');
    throw new UsageError(`there is no scenario ${unknown}; there are:\n${known}`);
  }
  if (values.quick && values.write) throw new UsageError('--quick figures are not for the report');
  const chosen = scenarios.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  return { ...values, chosen };
}

/** The binary of this working tree, or Bun with its sources. */
async function prepareProgram(checkout: boolean): Promise<Program> {
  if (checkout) return [process.execPath, '--no-env-file', join(root, 'src/main.ts')];
  const build = Bun.spawn([process.execPath, join(root, 'scripts/build.ts')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if ((await build.exited) !== 0) throw new UsageError('the build failed (see above)');
  return [join(root, 'dist/opsforge')];
}

/** What a scenario is given, all of it stopped and removed by `cleanUp`, the last first. */
function createBench(program: Program, quick: boolean) {
  const started: (() => Promise<void>)[] = [];
  /** Noted before it has started: a signal may come meanwhile. */
  function keep<Started extends { stop(): Promise<void> }>(starting: Promise<Started>) {
    started.push(() => starting.then((one) => one.stop()).catch(() => {}));
    return starting;
  }
  const bench: Bench = {
    quick,
    keep,
    async folder() {
      const path = await mkdtemp(join(tmpdir(), 'opsforge-bench-'));
      started.push(() => rm(path, { recursive: true, force: true }));
      // As root PostgreSQL runs as another account, which must be able to enter.
      await chmod(path, 0o755);
      return path;
    },
    startService: (options) => keep(startService(program, options)),
    startProcess: <Of extends Commands>(name: string) => keep(startChild<Of>(name)),
    say: (line) => console.error(`  ${line}`),
  };
  return {
    bench,
    async cleanUp() {
      for (let stop = started.pop(); stop !== undefined; stop = started.pop()) await stop();
    },
  };
}

async function runScenario(scenario: Scenario, program: Program, quick: boolean) {
  console.error(`${scenario.name}: ${scenario.summary}`);
  const { bench, cleanUp } = createBench(program, quick);
  const stopped = Promise.withResolvers<never>();
  const onSignal = () => stopped.reject(new UsageError('stopped'));
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const section: Section = await Promise.race([scenario.run(bench), stopped.promise]);
    return section;
  } finally {
    await cleanUp();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const program = await prepareProgram(options.checkout);
  const run = `${describeRun()}${options.checkout ? ' · sources, not the binary' : ''}`;
  const texts = new Map<string, string>();
  for (const scenario of options.chosen) {
    const section = await runScenario(scenario, program, options.quick);
    const text = formatSection(scenario, section, run);
    console.log(`${text}\n`);
    texts.set(scenario.name, text);
  }
  if (options.write) await writeSections(texts);
}

const [first, second = '', ...rest] = process.argv.slice(2);
if (first === childFlag) {
  const commands = processes[second];
  if (commands === undefined || rest.length > 0) throw new Error(`no process ${second}`);
  answerCalls(commands());
} else {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    const plain = error instanceof UsageError || error instanceof TypeError;
    console.error(plain ? `bench: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/**
 * npm run bench -- [SCENARIO…] [--checkout] [--quick | --full] [--write]: measures the built
 * binary, run as users run it, and prints tables; --write puts them into docs/benchmarks.md.
 * Contacts 127.0.0.1 alone, is bounded in time and count, and removes all that it made, after
 * Ctrl-C too. Fails when something was lost, never by a time: it compares, people judge.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answerCalls, type Commands, childFlag } from './child.ts';
import { describeRun } from './machine.ts';
import { loadCommands } from './processes/load.ts';
import { probeCommands } from './processes/probe.ts';
import { receiverCommands } from './processes/receiver.ts';
import { formatSection, writeSections } from './report.ts';
import { createRunner, StoppedError, scenarios } from './runner.ts';
import type { Scenario, Section, Size } from './scenario.ts';
import type { Program } from './service.ts';

const root = join(import.meta.dir, '../..');

const processes: Record<string, () => Commands> = {
  load: loadCommands,
  receiver: receiverCommands,
  probe: probeCommands,
};

type Options = { chosen: Scenario[]; checkout: boolean; size: Size; write: boolean };

/** A wrong argument: its message is all that people need. */
class UsageError extends Error {}

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      checkout: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !scenarios.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = scenarios.map((each) => `  ${each.name.padEnd(11)} ${each.summary}`).join('\n');
    throw new UsageError(`there is no scenario ${unknown}; there are:\n${known}`);
  }
  const { checkout, quick, full, write } = values;
  if (quick && write) throw new UsageError('--quick figures are not for the report');
  if (quick && full) throw new UsageError('--quick or --full, not both');
  const chosen = scenarios.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  const size = full ? 'full' : quick ? 'quick' : 'usual';
  return { chosen, checkout, size, write };
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

async function main(args: string[]): Promise<void> {
  const options = readOptions(args);
  const program = await prepareProgram(options.checkout);
  const run = [
    describeRun(),
    ...(options.size === 'full' ? ['--full'] : []),
    ...(options.checkout ? ['sources, not the binary'] : []),
  ].join(' · ');
  const runner = createRunner(program, options.size);
  const texts = new Map<string, string>();
  try {
    for (const scenario of options.chosen) {
      console.error(`${scenario.name}: ${scenario.summary}`);
      const section = await runner.run(scenario);
      checkCounts(scenario, section);
      const text = formatSection(scenario, section, run);
      console.log(`${text}\n`);
      texts.set(scenario.name, text);
    }
  } finally {
    await runner.stop();
  }
  if (options.write) await writeSections(texts);
}

/** Figures of a run that lost something are worth nothing. */
function checkCounts({ name }: Scenario, { counts }: Section): void {
  const wrong = counts.filter(({ wanted, got }) => wanted !== got);
  if (wrong.length === 0) return;
  const words = wrong.map(({ what, wanted, got }) => `${what}: ${got}, not ${wanted}`);
  throw new Error(`${name} does not add up: ${words.join('; ')}`);
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
    const plain = [UsageError, StoppedError, TypeError].some((kind) => error instanceof kind);
    console.error(plain ? `bench: ${(error as Error).message}` : error);
    process.exitCode = 1;
  }
}

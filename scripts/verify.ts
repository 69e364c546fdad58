/**
 * Everything that can be known without running the product, in under a minute: format, lint, types,
 * dead code, unescaped HTML, architecture, schema, lock file. Each check ends with its name, time
 * and, only when it failed, its output and the remedy. Exit 1 names the failed ones.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

type Check = { name: string; command: string[]; remedy: string };
type Outcome = { check: Check; ok: boolean; seconds: number; output: string };

const root = join(import.meta.dir, '..');
const bun = process.execPath;
const checkTimeoutMs = 120_000;
const parallelMax = 4;
const outputBytesMax = 64 * 1024;

/** Tools run by Bun itself, so that the version of Node on the machine does not matter. */
function tool(name: string, ...args: string[]): string[] {
  return [bun, '--bun', join('node_modules/.bin', name), ...args];
}

/** The longest first: with two at a time the short ones fill the gaps. */
async function listChecks(): Promise<Check[]> {
  const checks: Check[] = [
    {
      name: 'types',
      command: tool('tsc', '--noEmit', '--pretty', 'false'),
      remedy: 'correct the types',
    },
    {
      name: 'types in browsers',
      command: tool('tsc', '--noEmit', '--pretty', 'false', '--project', 'views/client'),
      remedy: 'correct the types; these files know the DOM and nothing of the server',
    },
    {
      name: 'escaping',
      command: tool('xss-scan'),
      remedy: 'give the element the attribute safe, or escape the value',
    },
    {
      name: 'architecture',
      command: [bun, '--no-env-file', 'test', '--only-failures', './tests/architecture.test.ts'],
      remedy: 'see the remedy of each rule above',
    },
    {
      name: 'dead code',
      command: tool('knip', '--no-progress', '--no-config-hints'),
      remedy: 'remove what nothing uses, or the word export',
    },
    {
      name: 'format and lint',
      // A native program behind a Node script: Bun only starts it.
      command: tool('biome', 'ci', '--colors=off', '.'),
      remedy: 'npm run format, then correct what is left by hand',
    },
    {
      name: 'lock file',
      command: [bun, 'scripts/verify/lockfile.ts'],
      remedy: 'see above',
    },
  ];
  // Starts a database of its own, so it runs first of all.
  const drift = 'scripts/verify/schema-drift.ts';
  if (await Bun.file(join(root, drift)).exists()) {
    const remedy = 'make db/schema and db/migrations say the same';
    checks.unshift({ name: 'schema drift', command: [bun, drift], remedy });
  }
  return checks;
}

async function run(check: Check): Promise<Outcome> {
  const startedMs = performance.now();
  const child = Bun.spawn(check.command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: checkTimeoutMs,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  const seconds = (performance.now() - startedMs) / 1000;
  const late = child.signalCode === null ? '' : `\nended by ${child.signalCode}, its time limit\n`;
  const output = `${out}${err}${late}`.trim().slice(-outputBytesMax);
  return { check, ok: code === 0 && child.signalCode === null, seconds, output };
}

function report({ check, ok, seconds, output }: Outcome): void {
  const time = `${seconds.toFixed(1)} s`.padStart(7);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${time}  ${check.name}`);
  if (!ok) console.log(`\n${output}\n\nRemedy: ${check.remedy}\n`);
}

async function main(): Promise<number> {
  const startedMs = performance.now();
  const waiting = await listChecks();
  const failed: string[] = [];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const outcome = await run(check);
      report(outcome);
      if (!outcome.ok) failed.push(check.name);
    }
  };
  const workers = Math.min(availableParallelism(), parallelMax);
  await Promise.all(Array.from({ length: workers }, worker));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const verdict = failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`;
  console.log(`verify: ${verdict} (${seconds} s)`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();

/**
 * Runs the tests below tests/ of the working directory and ends stdout with one line,
 * `N passed, N failed[, N skipped]`; exit 1 when a test failed or none ran. bun test alone does not
 * do: it prints no such line, and a file that does not load, crashes its worker or holds no test
 * counts as no failure in its report. So each file on disk must appear in the report, else it is
 * one failed test. Arguments are parts of paths, or options of `bun test` as `--name=value`.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, readJunit } from './test/junit.ts';

/** Above the longest whole run by far: a runner that hangs must not hold CI for hours. */
const runTimeoutMs = 20 * 60_000;
const workersMax = 8;
const slowFilesShown = 10;
const slowFileSecondsMin = 1;
const timingsFile = 'node_modules/.cache/opsforge/test-timings.json';

/** Starting a server, or the binary with one inside, takes seconds on a busy machine. */
const testTimeoutMs = 60_000;
/** Read by tests/support/database.ts. */
const serverVariable = 'OPSFORGE_TEST_DATABASE_URL';
const embeddedModule = 'db/embedded/embedded.ts';

type Selection = { files: string[]; options: string[]; partial: boolean };

async function select(args: string[]): Promise<Selection> {
  const options: string[] = [];
  const parts: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (arg === '-t') options.push(`--test-name-pattern=${args[++index] ?? ''}`);
    else if (arg.startsWith('-')) options.push(arg);
    else parts.push(arg.replace(/^\.\//, ''));
  }
  const files: string[] = [];
  for await (const path of new Bun.Glob('tests/**/*.test.{ts,tsx}').scan('.')) {
    if (parts.length === 0 || parts.some((part) => path.includes(part))) files.push(path);
  }
  const narrowing = ['--test-name-pattern', '--bail', '--shard', '--changed', '--only'];
  const partial = options.some((option) => narrowing.some((name) => option.startsWith(name)));
  return { files: files.sort(), options, partial };
}

/** Runs bun test with its output passed on; resolves to its exit code (null: ended by a signal). */
async function runBunTest(
  selection: Selection,
  reportFile: string,
  serverUrl: string | undefined,
): Promise<number | null> {
  const workers = Math.min(availableParallelism(), workersMax);
  const child = Bun.spawn(
    [
      process.execPath,
      '--no-env-file',
      'test',
      // Workers isolate the files: a crash costs one file, not the run (2 workers even on 1 core).
      `--parallel=${Math.max(workers, 2)}`,
      `--timeout=${testTimeoutMs}`,
      `--timings=${timingsFile}`,
      '--update-timings',
      '--reporter=junit',
      `--reporter-outfile=${reportFile}`,
      ...selection.options,
      ...selection.files.map((path) => `./${path}`),
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: runTimeoutMs,
      env: { ...process.env, [serverVariable]: serverUrl },
    },
  );
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const code = await child.exited;
  return child.signalCode === null ? code : null;
}

/** What the report does not count as failed though it is: one line for each. */
function findUncounted(selection: Selection, report: Report, code: number | null): string[] {
  const problems: string[] = [];
  if (!selection.partial) {
    for (const file of selection.files.filter((path) => !report.files.has(path))) {
      problems.push(`${file}: did not load, or holds no test`);
    }
  }
  if (code !== 0 && report.failed + problems.length === 0) {
    const how = code === null ? 'was ended by a signal or its time limit' : `exited with ${code}`;
    problems.push(`bun test ${how} although no test failed (see above)`);
  }
  return problems;
}

function printSlowFiles(report: Report): void {
  const slow = [...report.files]
    .filter(([, seconds]) => seconds >= slowFileSecondsMin)
    .sort((a, b) => b[1] - a[1])
    .slice(0, slowFilesShown);
  if (slow.length > 0) console.log('\nSlowest files:');
  for (const [file, seconds] of slow) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}

type TestServer = { url: string | undefined; stop(): Promise<void> };

/** One embedded server for the whole run: each test file copies its database from a template. */
async function startTestServer(folder: string): Promise<TestServer> {
  const given = process.env[serverVariable];
  // Elsewhere this script runs folders of tests that need no database (tests/toolchain.test.ts).
  if (given !== undefined || !existsSync(embeddedModule)) {
    return { url: given, stop: async () => {} };
  }
  const { startEmbedded } = await import('../db/embedded/embedded.ts');
  const dataDir = join(folder, 'postgres');
  // As root the server runs as another account, which must be able to enter.
  await chmod(folder, 0o755);
  const server = await startEmbedded({ dataDir, dataDirNamed: true, log: () => {} });
  return { url: server.adminUrl, stop: server.stop };
}

async function main(): Promise<number> {
  const selection = await select(process.argv.slice(2));
  if (selection.files.length === 0) {
    console.log('No test file below tests/ matches.\n0 passed, 0 failed');
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'opsforge-test-report-'));
  const server = await startTestServer(folder);
  try {
    const reportFile = join(folder, 'junit.xml');
    const code = await runBunTest(selection, reportFile, server.url);
    const report = await readJunit(reportFile);
    const uncounted = findUncounted(selection, report, code);
    printSlowFiles(report);
    for (const problem of uncounted) console.log(`failed: ${problem}`);
    const failed = report.failed + uncounted.length;
    const skipped = report.skipped > 0 ? `, ${report.skipped} skipped` : '';
    console.log(`\n${report.passed} passed, ${failed} failed${skipped}`);
    return failed > 0 || report.passed === 0 ? 1 : 0;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();

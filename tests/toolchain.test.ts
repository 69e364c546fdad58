/**
 * What CI trusts blindly: that the test runner cannot call a broken run good, that prepare installs
 * once and keeps stdout clean, and that the lock file check sees what `npm ci` would refuse.
 * Everything runs in temporary folders; npm is a stand-in on PATH, so nothing is downloaded.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseJunit } from '../scripts/test/junit.ts';
import { findGaps, findResolved } from '../scripts/verify/lockfile.ts';

const root = join(import.meta.dir, '..');
const folders: string[] = [];

async function makeFolder(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'opsforge-toolchain-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) await Bun.write(join(folder, path), text);
  return folder;
}

type Result = { code: number; stdout: string; stderr: string };

async function run(cwd: string, command: string[], env: object = {}): Promise<Result> {
  const child = Bun.spawn(command, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe('the test runner', () => {
  const passing = "import { test } from 'bun:test';\ntest('passes', () => {});\n";

  const runTests = (cwd: string, ...args: string[]) =>
    run(cwd, [process.execPath, '--no-env-file', join(root, 'scripts/test.ts'), ...args]);

  const lastLine = ({ stdout }: Result) => stdout.trimEnd().split('\n').at(-1);

  test('ends with the totals alone on the last line and exits 0 when all passed', async () => {
    const skipping = `${passing}test.skip('waits', () => {});\n`;
    const folder = await makeFolder({
      'tests/a.test.ts': passing,
      'tests/unit/b.test.ts': skipping,
    });
    const result = await runTests(folder);
    expect(lastLine(result)).toBe('2 passed, 0 failed, 1 skipped');
    expect(result.code).toBe(0);
  });

  test.each([
    ['that does not load', "import './missing.ts';\n"],
    ['with a syntax error', 'const = ;\n'],
    ['without a test', 'export const nothing = 1;\n'],
    ['that ends its process', `${passing}test('exits', () => process.exit(0));\n`],
    ['whose process dies', `${passing}test('dies', () => process.kill(process.pid, 'SIGKILL'));\n`],
    [
      'with a failing hook',
      `import { beforeAll } from 'bun:test';\nbeforeAll(() => { throw 1; });\n${passing}`,
    ],
    [
      'with a rejection that nobody awaits',
      `${passing}test('rejects', () => { void Promise.reject(new Error('late')); });\n`,
    ],
  ])('counts a file %s as failed and exits 1', async (_, text) => {
    const folder = await makeFolder({ 'tests/a.test.ts': passing, 'tests/broken.test.ts': text });
    const result = await runTests(folder);
    expect(lastLine(result)).toMatch(/^[12] passed, [1-9] failed$/);
    expect(`${result.stdout}${result.stderr}`).toContain('tests/broken.test.ts');
    expect(result.code).toBe(1);
  });

  test('runs and checks only the files that a filter names', async () => {
    const folder = await makeFolder({
      'tests/unit/a.test.ts': passing,
      'tests/http/broken.test.ts': "import './missing.ts';\n",
    });
    const result = await runTests(folder, 'tests/unit');
    expect(lastLine(result)).toBe('1 passed, 0 failed');
    expect(result.code).toBe(0);
  });

  test('exits 1 when no test ran', async () => {
    const folder = await makeFolder({ 'tests/unit/a.test.ts': passing });
    const noFile = await runTests(folder, 'tests/nowhere');
    expect(lastLine(noFile)).toBe('0 passed, 0 failed');
    expect(noFile.code).toBe(1);
    const noName = await runTests(folder, '-t', 'no such name');
    expect(lastLine(noName)).toMatch(/^0 passed, /);
    expect(noName.code).toBe(1);
  });

  test('loads no .env file', async () => {
    const folder = await makeFolder({
      '.env': 'OPSFORGE_FROM_FILE=1\n',
      'tests/a.test.ts':
        "import { expect, test } from 'bun:test';\n" +
        "test('x', () => expect(process.env.OPSFORGE_FROM_FILE).toBeUndefined());\n",
    });
    expect(lastLine(await runTests(folder))).toBe('1 passed, 0 failed');
  });

  test('reads a missing report as one without tests', () => {
    expect(parseJunit('')).toEqual({ passed: 0, failed: 0, skipped: 0, files: new Map() });
  });
});

describe('prepare', () => {
  const node = Bun.which('node') ?? 'node';
  const lock = { packages: { '': {}, 'node_modules/bun': { version: Bun.version } } };

  /** A checkout whose npm writes a line to calls.log and installs what stands in `template`. */
  async function makeCheckout(npmScript: string): Promise<string> {
    const folder = await makeFolder({
      'package.json': '{}',
      'package-lock.json': JSON.stringify(lock),
      'stand-in/npm': `#!/bin/sh\necho "npm $*" | tee -a calls.log\n${npmScript}\n`,
      'template/.package-lock.json': JSON.stringify({
        packages: { 'node_modules/bun': lock.packages['node_modules/bun'] },
      }),
      'template/bun/package.json': JSON.stringify({ version: Bun.version }),
    });
    await chmod(join(folder, 'stand-in/npm'), 0o755);
    await cp(join(root, 'scripts/prepare.mjs'), join(folder, 'scripts/prepare.mjs'));
    await cp(join(root, 'scripts/prepare'), join(folder, 'scripts/prepare'), { recursive: true });
    for (const link of ['template/.bin/bun', 'template/bun/bin/bun.exe']) {
      await mkdir(dirname(join(folder, link)), { recursive: true });
      await symlink(process.execPath, join(folder, link));
    }
    return folder;
  }

  const prepare = (folder: string) =>
    run(folder, [node, 'scripts/prepare.mjs'], {
      PATH: `${join(folder, 'stand-in')}:${process.env['PATH']}`,
    });

  const calls = async (folder: string) => {
    const file = Bun.file(join(folder, 'calls.log'));
    return (await file.exists()) ? (await file.text()).trim().split('\n').length : 0;
  };

  const install = 'rm -rf node_modules && cp -R template node_modules';

  test('installs once, says so on stderr only, and does nothing the next time', async () => {
    const folder = await makeCheckout(install);
    const first = await prepare(folder);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain('installing packages');
    expect(await prepare(folder)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await calls(folder)).toBe(1);
  });

  test('installs once when several start together', async () => {
    const folder = await makeCheckout(install);
    const results = await Promise.all(Array.from({ length: 4 }, () => prepare(folder)));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await calls(folder)).toBe(1);
    expect(await Bun.file(join(folder, 'generated/prepare.lock/owner')).exists()).toBe(false);
  });

  test('takes over the lock of a process that died', async () => {
    const folder = await makeCheckout(install);
    const dead = Bun.spawn([node, '-e', '']);
    await dead.exited;
    const owner = `${hostname()} ${dead.pid}`;
    await Bun.write(join(folder, 'generated/prepare.lock/owner'), owner);
    expect(await prepare(folder)).toMatchObject({ code: 0, stdout: '' });
    expect(await calls(folder)).toBe(1);
  });

  test('accepts what npm ci installed by hand, until the lock file changes', async () => {
    const folder = await makeCheckout(install);
    await cp(join(folder, 'template'), join(folder, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    expect(await prepare(folder)).toMatchObject({ code: 0, stdout: '' });
    expect(await calls(folder)).toBe(0);
    const more = { packages: { ...lock.packages, 'node_modules/more': { version: '1.0.0' } } };
    await Bun.write(join(folder, 'package-lock.json'), JSON.stringify(more));
    await prepare(folder);
    expect(await calls(folder)).toBe(1);
  });

  test('ends with one line that names the remedy when npm fails', async () => {
    const folder = await makeCheckout('exit 7');
    const result = await prepare(folder);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^opsforge: npm ci failed.*try again$/,
    );
  });

  test('names the remedy when Bun has no binary', async () => {
    const folder = await makeCheckout(
      `${install} && printf stub > node_modules/bun/bin/stub && ln -sf stub node_modules/bun/bin/bun.exe`,
    );
    const result = await prepare(folder);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr.trimEnd().split('\n').at(-1)).toContain('npm ci --include=optional');
  });
});

describe('the lock file check', () => {
  test('finds platform packages without an entry and derives their platform', () => {
    const optionalDependencies = { '@x/cli-darwin-arm64': '1.0.0', '@x/cli-linux-x64': '1.0.0' };
    const packages = {
      'node_modules/a': { version: '1.0.0', dev: true, optionalDependencies },
      'node_modules/@x/cli-linux-x64': { version: '1.0.0' },
    };
    expect(findGaps({ packages })).toEqual([
      {
        path: 'node_modules/@x/cli-darwin-arm64',
        entry: { version: '1.0.0', dev: true, optional: true, os: ['darwin'], cpu: ['arm64'] },
      },
    ]);
  });

  test('looks for a nested package where Node would', () => {
    const inner = { version: '1.0.0', optionalDependencies: { c: '1.0.0' } };
    const nested = { 'node_modules/a/node_modules/b': inner };
    const found = { 'node_modules/a/node_modules/c': { version: '1.0.0' } };
    expect(findGaps({ packages: { ...nested, ...found } })).toEqual([]);
    expect(findGaps({ packages: nested })).toHaveLength(1);
  });

  test('finds entries that name a registry', () => {
    const packages = { 'node_modules/a': { resolved: 'https://packages.example/a.tgz' } };
    expect(findResolved({ packages })).toEqual(['node_modules/a']);
  });
});

/**
 * The rules of docs/STYLE.md that a path or a syntax tree can decide, one test per rule. A failure
 * lists every offender and the remedy. The detectors are in scripts/verify/architecture; the second
 * half feeds them small sources, so that a detector that went blind fails here too.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import {
  findBrokenImports,
  findCycles,
  findEnvironmentReads,
  findLayerBreaches,
  findPackageBreaches,
} from '../scripts/verify/architecture/imports.ts';
import {
  findDefaultExports,
  findMachinePaths,
  findRegistryHosts,
  findUnfinishedMarks,
  findVagueFiles,
  findVagueTypes,
} from '../scripts/verify/architecture/marks.ts';
import {
  fileLinesMax,
  findLongFiles,
  findLongFunctions,
  findWideLines,
  functionLinesMax,
  lineWidthMax,
  testFileLinesMax,
} from '../scripts/verify/architecture/sizes.ts';
import { isCode, parse, readTextFiles } from '../scripts/verify/architecture/sources.ts';

const files = await readTextFiles(join(import.meta.dir, '..'));
const paths = files.map(({ path }) => path);
const code = files.filter(({ path }) => isCode(path)).map(({ path, text }) => parse(path, text));
const prose = files.filter(({ path }) => path !== 'package-lock.json');

function expectNone(offenders: readonly string[], remedy: string): void {
  if (offenders.length > 0) throw new Error(`${remedy}\n  ${offenders.join('\n  ')}`);
}

describe('the project', () => {
  test('has files to look at', () => {
    expect(paths).toContain('tests/architecture.test.ts');
    expect(code.length).toBeGreaterThan(10);
  });

  test('imports only along the layers', () => {
    expectNone(
      findLayerBreaches(code),
      'Move the code to the layer that may know both sides, or pass the value in as an argument:',
    );
  });

  test('uses the database client and the web framework only in their layers', () => {
    expectNone(
      findPackageBreaches(code),
      'Put SQL into src/repositories or db, routes into src/controllers; domain computes, without I/O:',
    );
  });

  test('imports only files that exist, with their ending', () => {
    expectNone(findBrokenImports(code, new Set(paths)), 'Name an existing file, with .ts or .tsx:');
  });

  test('has no import cycle', () => {
    expectNone(findCycles(code), 'Move what both need into a third file:');
  });

  test('reads the environment only in src/app/config.ts', () => {
    expectNone(
      findEnvironmentReads(code),
      'Add the value to the configuration and pass it in as an argument:',
    );
  });

  test('keeps files short', () => {
    expectNone(
      findLongFiles(code),
      `Split by purpose; at most ${fileLinesMax} lines, tests ${testFileLinesMax}:`,
    );
  });

  test('keeps functions short', () => {
    expectNone(findLongFunctions(code), `Split; at most ${functionLinesMax} lines:`);
  });

  test('keeps lines short', () => {
    expectNone(findWideLines(code), `Break the line; at most ${lineWidthMax} characters:`);
  });

  test('names files and types after their purpose', () => {
    expectNone(
      [...findVagueFiles(paths), ...findVagueTypes(code)],
      'Name it after what it does or guarantees:',
    );
  });

  test('has no default export', () => {
    expectNone(findDefaultExports(code), 'Export it by name:');
  });

  test('has no mark of unfinished work', () => {
    expectNone(findUnfinishedMarks(prose), 'Finish it, or write down why it is right as it is:');
  });

  test('names no path of one machine', () => {
    expectNone(findMachinePaths(prose), 'Use a path relative to the file or the data folder:');
  });

  test('names no package registry', () => {
    expectNone(findRegistryHosts(files), 'Leave the registry to the configuration of npm:');
  });
});

describe('the detectors', () => {
  const inFile = (path: string, text: string) => [parse(path, text)];

  test.each([
    ['src/domain/a.ts', "import { x } from '../repositories/b.ts';"],
    ['src/domain/a.ts', "import type { X } from '../usecases/b.ts';"],
    ['src/usecases/a/b.ts', "export { x } from '../../outbound/http-client.ts';"],
    ['src/usecases/a/b.ts', "const x = await import('../../../db/migrate.ts');"],
    ['src/repositories/a.ts', "import { x } from '../../db/migrate.ts';"],
    ['src/controllers/a.ts', "import { x } from '../repositories/b.ts';"],
    ['src/workers/a.ts', "import { x } from '../controllers/b.ts';"],
    ['src/outbound/a.ts', "import { x } from '../usecases/b.ts';"],
    ['src/lib/a.ts', "import { x } from '../domain/b.ts';"],
    ['views/a.tsx', "type X = import('../src/lib/b.ts').X;"],
    ['db/a.ts', "import { x } from '../src/repositories/b.ts';"],
    ['src/workers/a.ts', "import { x } from '../app/config.ts';"],
    ['src/app/a.ts', "import { x } from '../main.ts';"],
    ['src/app/a.ts', "import { x } from '../../tests/support/b.ts';"],
    ['src/services/a.ts', 'export const x = 1;'],
  ])('see that %s may not say %s', (path, text) => {
    expect(findLayerBreaches(inFile(path, text))).toHaveLength(1);
  });

  test.each([
    ['src/repositories/a.ts', "import { x } from '../../db/schema/b.ts';"],
    ['src/repositories/a.ts', "import { x } from './b.ts';"],
    ['src/controllers/pages/a.ts', "import { X } from '../../../views/b.tsx';"],
    ['src/app/a.ts', "import { version } from '../../package.json';"],
    ['db/embedded/a.ts', "import x from '../../generated/postgres.tar.zst' with { type: 'file' };"],
    ['src/main.ts', "import { run } from './app/run.ts';"],
    ['tests/a.test.ts', "import { x } from '../src/app/b.ts';"],
  ])('let %s say %s', (path, text) => {
    expect(findLayerBreaches(inFile(path, text))).toEqual([]);
  });

  test('see packages outside their layers and I/O in domain', () => {
    const breaches = (path: string, name: string) =>
      findPackageBreaches(inFile(path, `import { x } from '${name}';`)).length;
    expect(breaches('src/usecases/a.ts', 'drizzle-orm/postgres-js')).toBe(1);
    expect(breaches('src/workers/a.ts', 'postgres')).toBe(1);
    expect(breaches('src/usecases/a.ts', '@elysiajs/openapi')).toBe(1);
    expect(breaches('src/domain/a.ts', 'node:fs/promises')).toBe(1);
    expect(breaches('src/domain/a.ts', 'node:crypto')).toBe(0);
    expect(breaches('src/repositories/a.ts', 'postgres')).toBe(0);
    expect(breaches('src/app/a.ts', 'elysia')).toBe(0);
    expect(breaches('src/usecases/a.ts', 'postgres-interval')).toBe(0);
  });

  test('see imports without an ending and cycles, of types too', () => {
    const a = parse('src/domain/a.ts', "import { b } from './b.ts';");
    const b = parse('src/domain/b.ts', "import type { C } from './c.ts';");
    const c = parse('src/domain/c.ts', "import { a } from './a.ts';\nimport './d';");
    const known = new Set([a.path, b.path, c.path]);
    expect(findBrokenImports([a, b, c], known)).toEqual(['src/domain/c.ts:2 ./d']);
    expect(findCycles([a, b, c])).toHaveLength(1);
    expect(findCycles([a, b])).toEqual([]);
  });

  test.each([
    'const x = process.env.PORT;',
    "const x = process['env'];",
    'const { env } = process;',
    'const x = Bun.env.PORT;',
    'const x = import.meta.env.PORT;',
    "import { env } from 'node:process';",
  ])('see a read of the environment in: %s', (text) => {
    expect(findEnvironmentReads(inFile('src/workers/a.ts', text))).toHaveLength(1);
    expect(findEnvironmentReads(inFile('src/app/config.ts', text))).toEqual([]);
  });

  test('see files, functions and lines over their limits, and none at them', () => {
    const lines = (count: number) => 'x();\n'.repeat(count);
    expect(findLongFiles(inFile('db/a.ts', lines(fileLinesMax)))).toEqual([]);
    expect(findLongFiles(inFile('db/a.ts', lines(fileLinesMax + 1)))).toHaveLength(1);
    expect(findLongFiles(inFile('tests/a.ts', lines(testFileLinesMax)))).toEqual([]);
    const body = (count: number) => `() => {\n${lines(count)}}`;
    const atLimit = functionLinesMax - 2;
    expect(findLongFunctions(inFile('src/a.ts', `const f = ${body(atLimit)};`))).toEqual([]);
    expect(findLongFunctions(inFile('src/a.ts', `const f = ${body(atLimit + 1)};`))).toEqual([
      `src/a.ts:1 f: ${functionLinesMax + 1} lines`,
    ]);
    const view = `export function View() {\n  return (\n${'    <p />\n'.repeat(80)}  );\n}`;
    expect(findLongFunctions(inFile('views/a.tsx', view))).toHaveLength(1);
    expect(findLongFunctions(inFile('tests/a.ts', `describe('x', ${body(200)});`))).toEqual([]);
    expect(findLongFunctions(inFile('tests/a.ts', `test('x', ${body(200)});`))).toHaveLength(1);
    const name = 'n'.repeat(60);
    expect(findWideLines(inFile('src/a.ts', `const ${name} = ${name};`))).toHaveLength(1);
    expect(findWideLines(inFile('src/a.ts', `const x = '${name}${name}';`))).toEqual([]);
    expect(findWideLines(inFile('src/a.ts', `// ${name} ${name}`))).toHaveLength(1);
  });

  test('see names without a purpose', () => {
    const vague = ['src/lib/utils.ts', 'src/lib/db-helpers.ts', 'src/helpers/a.ts'];
    const more = ['src/domain/types.ts', 'src/workers/lease-manager.ts'];
    expect(findVagueFiles([...vague, ...more])).toEqual([...vague, ...more]);
    expect(findVagueFiles(['types.d.ts', 'src/domain/event-types.ts', 'src/lib/clock.ts'])).toEqual(
      [],
    );
    expect(findVagueTypes(inFile('src/a.ts', 'class LeaseManager {}'))).toHaveLength(1);
    expect(findVagueTypes(inFile('src/a.ts', 'type Lease = { managerId: string };'))).toEqual([]);
  });

  test.each(['export default 1;', 'export default class A {}', 'export { a as default };'])(
    'see a default export in: %s',
    (text) => {
      expect(findDefaultExports(inFile('src/a.ts', text))).toHaveLength(1);
      const named = 'export const a = 1; switch (a) { default: }';
      expect(findDefaultExports(inFile('src/a.ts', named))).toEqual([]);
    },
  );

  test('see words that must not be there', () => {
    const inText = (...halves: string[]) => [
      { path: 'README.md', text: `a\n${halves.join('')} b` },
    ];
    expect(findUnfinishedMarks(inText('// TO', 'DO: later'))).toEqual([`README.md:2 TO${'DO'}`]);
    expect(findUnfinishedMarks(inText('test.to', "do('later')"))).toHaveLength(1);
    expect(findUnfinishedMarks(inText('Not imple', 'mented'))).toHaveLength(1);
    expect(findUnfinishedMarks(inText('a todos list, implemented'))).toEqual([]);
    expect(findMachinePaths(inText("'/ho", "me/ann/opsforge'"))).toHaveLength(1);
    expect(findMachinePaths(inText("'/wo", "rk/main'"))).toHaveLength(1);
    expect(findMachinePaths(inText('/var/lib/opsforge and https://x.example/work/a'))).toEqual([]);
    expect(findRegistryHosts(inText('https://registry.npm', 'js.org/bun'))).toHaveLength(1);
  });
});

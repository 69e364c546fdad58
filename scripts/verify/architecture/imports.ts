/**
 * Who may import whom (docs/ARCHITECTURE.md): the folder is the layer, so a path tells the rule.
 * Types count as imports: a layer that knows another's types changes with it. Each rule returns its
 * offenders as `file:line what`, none when all is well.
 */
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { place, type Source, walk } from './sources.ts';

/** Layer → layers that it may import besides itself. `files`: package.json, archives… */
const allowed: Record<string, readonly string[]> = {
  domain: [],
  lib: [],
  repositories: ['domain', 'db/schema', 'lib'],
  usecases: ['domain', 'repositories', 'lib'],
  controllers: ['usecases', 'views', 'domain', 'lib'],
  workers: ['usecases', 'domain', 'lib'],
  outbound: ['domain', 'lib'],
  views: ['domain'],
  'db/schema': ['domain'],
  db: ['db/schema', 'domain', 'lib', 'files'],
  main: ['app', 'domain', 'lib'],
  app: [
    ...['controllers', 'workers', 'outbound', 'usecases', 'repositories', 'views', 'domain', 'lib'],
    ...['db', 'db/schema', 'files'],
  ],
};

/** Free of rules: they build, measure and test the rest. */
const tools = new Set(['scripts', 'tests']);

/** Package (with all below it) → layers that may use it. */
const restrictedPackages: readonly { name: RegExp; layers: readonly string[] }[] = [
  { name: /^(?:drizzle-orm|postgres)(?:\/|$)/, layers: ['repositories', 'db', 'db/schema'] },
  { name: /^(?:elysia|@elysiajs\/[^/]+)(?:\/|$)/, layers: ['controllers', 'app'] },
];

/** What computes without touching the world: all that domain may take from the runtime. */
const pureBuiltins = new Set(['node:crypto', 'node:buffer', 'node:util', 'node:assert']);

/** The layer of a path, by its folder; what is no code of ours is `files`. */
function layerOf(path: string): string {
  if (path === 'src/main.ts') return 'main';
  if (path.startsWith('db/schema/')) return 'db/schema';
  const [first = '', second = ''] = path.split('/');
  if (first === 'src') return second in allowed ? second : `src/${second}`;
  return ['views', 'db', 'scripts', 'tests'].includes(first) ? first : 'files';
}

type Import = { specifier: string; position: number };

/** Every module a source names: import, export from, import type, import() and require(). */
function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node | undefined) => {
    if (node && ts.isStringLiteralLike(node)) {
      found.push({ specifier: node.text, position: node.getStart(source.ast) });
    }
  };
  walk(source.ast, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal);
    else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const isRequire = ts.isIdentifier(callee) && callee.text === 'require';
      if (callee.kind === ts.SyntaxKind.ImportKeyword || isRequire) add(node.arguments[0]);
    }
  });
  return found;
}

function resolve(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : null;
}

/** Imports of a layer that the rules do not name. */
export function findLayerBreaches(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    const layer = layerOf(source.path);
    if (tools.has(layer) || layer === 'files') continue;
    const may = allowed[layer];
    if (!may) {
      offenders.push(`${source.path} lies in ${layer}/, which is no layer`);
      continue;
    }
    for (const { specifier, position } of importsOf(source)) {
      const target = resolve(source.path, specifier);
      if (target === null) continue;
      const other = layerOf(target);
      if (other === layer || may.includes(other)) continue;
      offenders.push(`${place(source, position)} ${layer} imports ${other}: ${specifier}`);
    }
  }
  return offenders;
}

/** Packages and builtins used where they do not belong. */
export function findPackageBreaches(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    const layer = layerOf(source.path);
    if (tools.has(layer)) continue;
    for (const { specifier, position } of importsOf(source)) {
      const rule = restrictedPackages.find(({ name }) => name.test(specifier));
      const misplaced = rule !== undefined && !rule.layers.includes(layer);
      const impure =
        layer === 'domain' &&
        /^(?:node:|bun$|bun:)/.test(specifier) &&
        !pureBuiltins.has(specifier);
      if (misplaced || impure) offenders.push(`${place(source, position)} ${layer}: ${specifier}`);
    }
  }
  return offenders;
}

/** Relative imports that end at no file: `known` holds every path of the project. */
export function findBrokenImports(
  sources: readonly Source[],
  known: ReadonlySet<string>,
): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    for (const { specifier, position } of importsOf(source)) {
      const target = resolve(source.path, specifier);
      if (target === null || known.has(target)) continue;
      if (/^(?:generated|node_modules)\//.test(target)) continue; // made by scripts/prepare.mjs
      offenders.push(`${place(source, position)} ${specifier}`);
    }
  }
  return offenders;
}

/** Each cycle once, as `a → b → a`; depth-first with the path of what is being visited. */
export function findCycles(sources: readonly Source[]): string[] {
  const graph = new Map<string, string[]>();
  for (const source of sources) {
    const targets = importsOf(source).map(({ specifier }) => resolve(source.path, specifier));
    graph.set(
      source.path,
      targets.filter((target) => target !== null),
    );
  }
  const done = new Set<string>();
  const cycles = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.add([...trail.slice(start), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return [...cycles];
}

/** Where the environment may be read: the configuration, and main's early re-exec. */
const environmentReaders = new Set(['src/app/config.ts', 'src/main.ts']);

/** Reads of the environment in any spelling outside the configuration. */
export function findEnvironmentReads(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    if (tools.has(layerOf(source.path)) || environmentReaders.has(source.path)) continue;
    walk(source.ast, (node) => {
      if (readsEnvironment(node)) offenders.push(place(source, node.getStart(source.ast)));
    });
  }
  return offenders;
}

function readsEnvironment(node: ts.Node): boolean {
  const holds = (base: ts.Node) =>
    (ts.isIdentifier(base) && (base.text === 'process' || base.text === 'Bun')) ||
    ts.isMetaProperty(base);
  if (ts.isPropertyAccessExpression(node))
    return node.name.text === 'env' && holds(node.expression);
  if (ts.isElementAccessExpression(node)) {
    const key = node.argumentExpression;
    return ts.isStringLiteralLike(key) && key.text === 'env' && holds(node.expression);
  }
  if (ts.isVariableDeclaration(node) && node.initializer && holds(node.initializer)) {
    const name = node.name;
    return (
      ts.isObjectBindingPattern(name) &&
      name.elements.some((element) => (element.propertyName ?? element.name).getText() === 'env')
    );
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const bindings = node.importClause?.namedBindings;
    return (
      ['node:process', 'process', 'bun'].includes(node.moduleSpecifier.text) &&
      bindings !== undefined &&
      ts.isNamedImports(bindings) &&
      bindings.elements.some((element) => (element.propertyName ?? element.name).text === 'env')
    );
  }
  return false;
}

/**
 * The project's files as the architecture rules see them: what git tracks or would add, parsed
 * once. Rules take `Source` values and return offenders as text, so small sources test them.
 */
import { join } from 'node:path';
import ts from 'typescript';

export type Source = { path: string; text: string; ast: ts.SourceFile };
/** Any text file, code or not. */
export type TextFile = { path: string; text: string };

const codePattern = /\.(?:ts|tsx|mjs)$/;
const binaryPattern = /\.(?:png|jpe?g|gif|ico|webp|woff2?|zst|gz|wasm|pdf)$/;

export function isCode(path: string): boolean {
  return codePattern.test(path) && !path.endsWith('.d.ts');
}

/** Parses without types: the rules look at syntax only, which keeps them under a second. */
export function parse(path: string, text: string): Source {
  const kind = path.endsWith('.tsx') ? ts.ScriptKind.TSX : undefined;
  return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind) };
}

/** Paths relative to `root`, sorted; without git (an archive), everything but build output. */
async function listFiles(root: string): Promise<string[]> {
  const git = Bun.spawnSync(['git', 'ls-files', '-co', '--exclude-standard', '-z'], { cwd: root });
  if (git.success) return git.stdout.toString().split('\0').filter(Boolean).sort();
  const ignored = /^(?:node_modules|dist|generated|data|\.git)\//;
  const paths = await Array.fromAsync(new Bun.Glob('**/*').scan({ cwd: root, dot: true }));
  return paths.filter((path) => !ignored.test(path)).sort();
}

/** Reads every text file; one that is listed but deleted in the working tree is left out. */
export async function readTextFiles(root: string): Promise<TextFile[]> {
  const files: TextFile[] = [];
  for (const path of await listFiles(root)) {
    if (binaryPattern.test(path)) continue;
    const file = Bun.file(join(root, path));
    if (await file.exists()) files.push({ path, text: await file.text() });
  }
  return files;
}

/** Calls `visit` for every node of a source, in the order of the text. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** `path:line`, as editors and terminals link it. */
export function place(source: Source, position: number): string {
  return `${source.path}:${source.ast.getLineAndCharacterOfPosition(position).line + 1}`;
}

/**
 * Sizes that a reader can hold: lines of a file, of a function, characters of a line. Over a limit
 * the remedy is to split by purpose, never to raise the number.
 */
import ts from 'typescript';
import { place, type Source, walk } from './sources.ts';

export const fileLinesMax = 400;
export const testFileLinesMax = 600;
export const functionLinesMax = 70;
const nestedFunctionLinesMin = 5;
export const lineWidthMax = 100;

export function findLongFiles(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const { path, text } of sources) {
    const max = path.startsWith('tests/') ? testFileLinesMax : fileLinesMax;
    const lines = text.replace(/\n$/, '').split('\n').length;
    if (lines > max) offenders.push(`${path}: ${lines} lines, at most ${max}`);
  }
  return offenders;
}

/**
 * From the function's first word to its closing brace. Functions inside that have five lines or
 * more count for themselves and not for what holds them: a factory that returns eight short methods
 * reads as eight short things.
 */
export function findLongFunctions(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    walk(source.ast, (node) => {
      if (!ts.isFunctionLike(node) || isDescribeCallback(node)) return;
      const lines = linesOf(source, node) - nestedLines(source, node);
      if (lines <= functionLinesMax) return;
      offenders.push(`${place(source, node.getStart(source.ast))} ${nameOf(node)}: ${lines} lines`);
    });
  }
  return offenders;
}

function linesOf(source: Source, node: ts.Node): number {
  const first = source.ast.getLineAndCharacterOfPosition(node.getStart(source.ast)).line;
  return source.ast.getLineAndCharacterOfPosition(node.end).line - first + 1;
}

/** Lines of the outermost functions inside that are long enough to be read apart. */
function nestedLines(source: Source, node: ts.Node): number {
  let lines = 0;
  ts.forEachChild(node, function visit(child): void {
    const own = ts.isFunctionLike(child) ? linesOf(source, child) : 0;
    if (own >= nestedFunctionLinesMin) lines += own;
    else ts.forEachChild(child, visit);
  });
  return lines;
}

/** `describe` groups tests as a file does; its callback is a list, not a thing that runs. */
function isDescribeCallback(node: ts.Node): boolean {
  const call = node.parent;
  return ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText());
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText();
  const parent = node.parent;
  return ts.isVariableDeclaration(parent) ? parent.name.getText() : '(anonymous)';
}

/** Lines that a person can break: literals, imports and addresses stay as they are. */
export function findWideLines(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    let start = 0;
    for (const line of source.text.split('\n')) {
      const isExcused = /^(?:import|export)\b.* from /.test(line) || /https?:\/\//.test(line);
      if (line.length > lineWidthMax && !isExcused && !literalCrossesLimit(source, start, line)) {
        offenders.push(`${place(source, start)} ${line.length} characters`);
      }
      start += line.length + 1;
    }
  }
  return offenders;
}

/**
 * True when what passes the limit is a literal, with at most closing punctuation after it, or, for
 * the sentence that is a test's title, the head of its function.
 */
function literalCrossesLimit(source: Source, lineStart: number, line: string): boolean {
  const limit = lineStart + lineWidthMax;
  const lineEnd = lineStart + line.length;
  let crosses = false;
  walk(source.ast, (node) => {
    const isLiteral =
      ts.isStringLiteralLike(node) ||
      ts.isTemplateExpression(node) ||
      ts.isRegularExpressionLiteral(node) ||
      ts.isJsxText(node);
    if (!isLiteral || node.getStart(source.ast) > limit || node.end <= lineStart) return;
    const rest = source.text.slice(Math.min(node.end, lineEnd), lineEnd);
    crosses ||= /^(?:[\s)\]};,>]*|, (?:async )?\(.*\) => \{)$/.test(rest);
  });
  return crosses;
}

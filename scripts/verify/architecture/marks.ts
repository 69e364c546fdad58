/**
 * Names and words that must not be in the project: files named after no purpose, default exports,
 * marks of unfinished work, and what belongs to one machine (paths, registry hosts).
 * The words are put together from halves so that this file does not break its own rule.
 */
import ts from 'typescript';
import { place, type Source, type TextFile, walk } from './sources.ts';

const word = (...halves: string[]) => halves.join('');

const vagueNames = /(?:^|[-./])(?:utils?|helpers?|managers?|misc)(?=[-./]|$)/;
const vagueTypeName = /(?:Utils?|Helpers?|Managers?)$/;

/** Files and folders whose name says nothing of their purpose. */
export function findVagueFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => vagueNames.test(path) || /(?:^|\/)types\.tsx?$/.test(path));
}

/** Classes, types and functions named after no purpose. */
export function findVagueTypes(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    walk(source.ast, (node) => {
      const isNamed =
        ts.isClassDeclaration(node) ||
        ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isFunctionDeclaration(node);
      if (!isNamed || !node.name || !vagueTypeName.test(node.name.text)) return;
      offenders.push(`${place(source, node.getStart(source.ast))} ${node.name.text}`);
    });
  }
  return offenders;
}

export function findDefaultExports(sources: readonly Source[]): string[] {
  const offenders: string[] = [];
  for (const source of sources) {
    walk(source.ast, (node) => {
      const isDefault =
        (ts.isExportAssignment(node) && !node.isExportEquals) ||
        (node.kind === ts.SyntaxKind.DefaultKeyword && isExportModifier(node)) ||
        (ts.isExportSpecifier(node) && node.name.text === 'default');
      if (isDefault) offenders.push(place(source, node.getStart(source.ast)));
    });
  }
  return offenders;
}

/** `default` of `export default function`, not of a switch. */
function isExportModifier(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node.parent) && node.parent.modifiers?.some((m) => m === node) === true
  );
}

const unfinished = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['X', 'XX'],
  ['HA', 'CK'],
  ['W', 'IP'],
  ['T', 'BD'],
].map((halves) => halves.join(''));

const unfinishedMarks = [
  new RegExp(`\\b(?:${unfinished.join('|')})\\b`),
  new RegExp(`\\b(?:test|it|describe)\\.${word('to', 'do')}\\b`),
  new RegExp(`\\bnot (?:yet )?${word('imple', 'mented')}\\b`, 'i'),
  new RegExp(`\\b${word('lorem', ' ipsum')}\\b`, 'i'),
];

/** Paths of one person's machine; places that the product documents (/var/lib, /usr) are not. */
const machinePaths = [/(?:^|[\s"'`(=:,])\/(?:home|Users|root|work)\/[\w.-]+/, /\b[A-Z]:\\Users\\/];

const registryHosts = [
  ['registry.npm', 'js.org'],
  ['registry.yarn', 'pkg.com'],
  ['registry.npm', 'mirror.com'],
  ['npm.pkg.git', 'hub.com'],
  ['registry-1.dock', 'er.io'],
].map((halves) => new RegExp(halves.join('').replaceAll('.', '\\.')));

function findLines(files: readonly TextFile[], patterns: readonly RegExp[]): string[] {
  const offenders: string[] = [];
  for (const { path, text } of files) {
    // Most files hold none: one look at the whole text before one at each line.
    if (!patterns.some((pattern) => new RegExp(pattern, `${pattern.flags}m`).test(text))) continue;
    for (const [index, line] of text.split('\n').entries()) {
      const hit = patterns.map((pattern) => pattern.exec(line)?.[0]).find((found) => found);
      if (hit) offenders.push(`${path}:${index + 1} ${hit.trim()}`);
    }
  }
  return offenders;
}

export function findUnfinishedMarks(files: readonly TextFile[]): string[] {
  return findLines(files, unfinishedMarks);
}

export function findMachinePaths(files: readonly TextFile[]): string[] {
  return findLines(files, machinePaths);
}

export function findRegistryHosts(files: readonly TextFile[]): string[] {
  return findLines(files, registryHosts);
}

/**
 * Sections as Markdown, to stdout and into docs/benchmarks.md: each scenario has a pair of markers
 * there, and a run replaces what stands between those of the scenarios that it ran.
 */
import { join } from 'node:path';
import type { Row, Scenario, Section } from './scenario.ts';

const page = join(import.meta.dir, '../../docs/benchmarks.md');

export function formatSection(scenario: Scenario, section: Section, run: string): string {
  const cells = (...texts: string[]) => `| ${texts.join(' | ')} |`;
  return [
    `### ${scenario.title}`,
    '',
    cells('', 'figure', 'target'),
    cells('---', '---', '---'),
    ...section.rows.map(({ what, figure, target }) => cells(what, figure, inWords(target))),
    '',
    ...section.notes,
    '',
    `\`${run}\``,
  ].join('\n');
}

function inWords(target: Row['target']): string {
  if (target === undefined) return '';
  return `${target.words}: ${target.met ? 'met' : '**missed**'}`;
}

/** Throws when the page lacks a scenario's markers. */
export async function writeSections(texts: ReadonlyMap<string, string>): Promise<void> {
  let content = await Bun.file(page).text();
  for (const [name, text] of texts) {
    const begin = `<!-- bench ${name} -->`;
    const end = `<!-- bench ${name} end -->`;
    const from = content.indexOf(begin);
    const to = content.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/benchmarks.md lacks ${begin} or ${end}`);
    content = `${content.slice(0, from + begin.length)}\n${text}\n${content.slice(to)}`;
  }
  await Bun.write(page, content);
}

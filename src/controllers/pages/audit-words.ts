/** What entries of the audit log say in words, and what changed as lines of a difference. */
import type { DiffLine } from '../../../views/components/code.tsx';
import type { AuditActorKind } from '../../domain/audit-log.ts';
import type { AuditEntry } from '../../usecases/audit/schemas.ts';

export const actorKindWords: Record<AuditActorKind, string> = {
  member: 'People',
  api_key: 'API keys',
  portal: 'Customers, in the portal',
  operator: 'The command line',
  system: 'opsforge by itself',
};

/** Of a later version's, what it is called. */
export function actorKindName(kind: string): string {
  return kind in actorKindWords
    ? actorKindWords[kind as AuditActorKind] // Safe because it is one of its keys.
    : kind.replaceAll('_', ' ');
}

/** Who did it, as a name: labels of what is no person say what it is. */
export function actorName({ kind, label }: AuditEntry['actor']): string {
  if (kind === 'api_key') return `API key ${label}`;
  return label === '' ? actorKindName(kind) : label;
}

/** "endpoint", "API key" */
export function kindWords(kind: string): string {
  return kind === 'api_key' ? 'API key' : kind.replaceAll('_', ' ');
}

const verbs: Record<string, string> = {
  updated: 'changed',
  tested: 'sent a test to',
  secret_revealed: 'revealed the secret of',
  secret_rotated: 'rotated the secret of',
  quotas_changed: 'set the quotas of',
};

/** "changed"; an action that a later version adds is shown as it is called. */
export function verbOf(action: string): string {
  const verb = action.slice(action.indexOf('.') + 1);
  return verbs[verb] ?? verb.replaceAll('_', ' ');
}

/** A screen or ten: a longer one is read in the export. */
const linesMax = 300;

export type Difference = { title: string; lines: DiffLine[]; cut: number };

/** Null when the entry has no fields: what was done says it all. */
export function differenceOf({ before, after }: AuditEntry): Difference | null {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (names.length === 0) return null;
  const lines = names.flatMap((name) =>
    changedLines(linesOf(name, before?.[name]), linesOf(name, after?.[name])),
  );
  const count = `${names.length} field${names.length === 1 ? '' : 's'}`;
  const title = before === null ? 'As it was made' : after === null ? 'As it was' : count;
  const isChange = before !== null && after !== null;
  return {
    title: isChange ? `${title} changed` : title,
    lines: lines.slice(0, linesMax),
    cut: Math.max(0, lines.length - linesMax),
  };
}

/** None for a field that a side does not have. */
function linesOf(name: string, value: unknown): string[] {
  if (value === undefined) return [];
  return `${JSON.stringify(name)}: ${JSON.stringify(value, null, 2)}`.split('\n');
}

/**
 * What both begin and end with is the same, the rest was replaced: enough for settings, and linear.
 * Equal on both sides means that it changed under its mask.
 */
function changedLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  const of = (kind: DiffLine['kind'], texts: readonly string[]) =>
    texts.map((text) => ({ kind, text }));
  const isMasked = before.join('\n') === after.join('\n');
  const least = Math.min(before.length, after.length);
  let head = 0;
  while (!isMasked && head < least && before[head] === after[head]) head += 1;
  let tail = 0;
  while (!isMasked && tail < least - head && before.at(-1 - tail) === after.at(-1 - tail)) {
    tail += 1;
  }
  return [
    ...of('same', before.slice(0, head)),
    ...of('del', before.slice(head, before.length - tail)),
    ...of('ins', after.slice(head, after.length - tail)),
    ...of('same', tail === 0 ? [] : before.slice(-tail)),
  ];
}

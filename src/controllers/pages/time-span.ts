/** The time that a list is about, as it stands in its address: `since=1h`, or two times. */
import { z } from 'zod';
import { projectPath } from '../../../views/navigation.ts';
import { momentInput } from '../../usecases/schemas.ts';
import type { ProjectCall } from './page.ts';

const hourMs = 3_600_000;
const spans = { '1h': hourMs, '24h': 24 * hourMs, '7d': 168 * hourMs } as const;
type SpanName = keyof typeof spans;
/** Names of spans, in their order; `keys` of an object have no such type. */
const spanNames: readonly SpanName[] = ['1h', '24h', '7d'];
const spanWords: Record<SpanName, string> = {
  '1h': 'the last hour',
  '24h': 'the last 24 h',
  '7d': 'the last 7 days',
};

/** A field of a GET form: left empty it is as if it were not there. */
export const fieldText = z
  .string()
  .optional()
  .transform((text) => text?.trim() || undefined);

export const spanFields = { since: fieldText, until: fieldText };

export type TimeSpan = {
  since: Date | undefined;
  until: Date | undefined;
  /** "the last hour"; null where there is no bound. */
  words: string | null;
  isNamed: boolean;
};

const momentText = momentInput();

/** Of the fields, or what is wrong with one of them. */
export function readSpan(
  query: { since?: string | undefined; until?: string | undefined },
  nowMs: number,
): TimeSpan | { problem: string } {
  const name = spanNames.find((known) => known === query.since);
  const since =
    name === undefined ? readMoment('Since', query.since) : { at: new Date(nowMs - spans[name]) };
  const until = readMoment('Until', query.until);
  if ('problem' in since) return since;
  if ('problem' in until) return until;
  const isNamed = name !== undefined;
  const bounds = { since: since.at, until: until.at, isNamed };
  if (name !== undefined && until.at === undefined) return { ...bounds, words: spanWords[name] };
  if (since.at === undefined && until.at === undefined) return { ...bounds, words: null };
  return { ...bounds, words: 'the chosen time' };
}

function readMoment(
  label: string,
  text: string | undefined,
): { at: Date | undefined } | { problem: string } {
  if (text === undefined) return { at: undefined };
  const read = momentText.safeParse(text);
  if (read.success) return { at: read.data };
  return { problem: `${label} must be a time like 2026-01-31T12:00:00Z.` };
}

/** The choices above a list; all but the times stays as it is. */
export function spanSegments(
  list: ListAddress,
  current: string | undefined,
): { label: string; href: string; current: boolean }[] {
  const named = spanNames.map((name) => ({
    label: name.replace(/(\d)([a-z])/, '$1 $2'),
    href: list.href({ since: name, until: undefined }),
    current: name === current,
  }));
  const all = list.href({ since: undefined, until: undefined });
  return [...named, { label: 'All', href: all, current: current === undefined }];
}

/** Exact times; the named ones stand among the segments. */
export function spanChips(list: ListAddress, span: TimeSpan | undefined) {
  const words = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const chip = (name: string, key: string, at: Date | undefined) =>
    at === undefined ? [] : [{ name, value: words(at), href: list.href({ [key]: undefined }) }];
  return [
    ...(span?.isNamed ? [] : chip('Since', 'since', span?.since)),
    ...chip('Until', 'until', span?.until),
  ];
}

/** The address of a list: its filters, with some of them changed. */
export type ListAddress = {
  /** Drops the place in the list too: another filter begins at its newest. */
  href(changes: Record<string, string | undefined>): string;
  filters: Readonly<Record<string, string | undefined>>;
};

/** @param filters what stands in the address, without the place in the list */
export function listAddress(
  call: ProjectCall,
  path: string,
  filters: Record<string, string | undefined>,
): ListAddress {
  return addressAt(projectPath(call.place, path), filters);
}

/** The same for a list that belongs to no project. */
export function addressAt(base: string, filters: Record<string, string | undefined>): ListAddress {
  return {
    filters,
    href(changes) {
      const wanted = new URLSearchParams();
      for (const [name, value] of Object.entries({ ...filters, ...changes })) {
        if (value !== undefined) wanted.set(name, value);
      }
      return wanted.size === 0 ? base : `${base}?${wanted}`;
    },
  };
}

/** The list of one step of the strip above it; its ends to the second, as people may read them. */
export function stepHref(list: ListAddress, at: string, stepMs: number): string {
  const clock = (timeMs: number) => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const atMs = Date.parse(at);
  return list.href({
    since: clock(atMs),
    until: clock(Math.ceil((atMs + stepMs) / 1_000) * 1_000),
  });
}

const minuteMs = 60_000;

/** 900 000 → "15 min"; one of a unit is the unit: "min". */
export function stepWords(stepMs: number): string {
  const units = [
    { ms: 24 * hourMs, word: 'd' },
    { ms: hourMs, word: 'h' },
    { ms: minuteMs, word: 'min' },
  ];
  const { ms, word } = units.find((unit) => stepMs % unit.ms === 0) ?? {
    ms: minuteMs,
    word: 'min',
  };
  return stepMs === ms ? word : `${stepMs / ms} ${word}`;
}

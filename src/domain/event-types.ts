/**
 * Which event types an endpoint wants. A pattern is segments joined by dots: `*` stands for exactly
 * one segment, `**` for the rest, which is at least one (`invoice.**` wants `invoice.paid` and
 * `invoice.line.added`, not `invoice`) and stands last only. No patterns at all: every type.
 * Matching walks the type once for each pattern; no regular expression, so nothing to blow up.
 */
import { AppError, type FieldError } from './errors.ts';

export const patternsMax = 100;
export const patternLengthMax = 128;

const segmentPattern = /^[A-Za-z0-9_-]+$/;

/** What is wrong with the pattern, or null. */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > patternLengthMax) return `must be at most ${patternLengthMax} characters`;
  const segments = pattern.split('.');
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') continue;
    if (segment === '**') {
      if (index === segments.length - 1) continue;
      return '** stands for the rest and must be the last segment';
    }
    if (segment === '') return 'must not have an empty segment';
    if (segment.includes('*')) return '* and ** stand for whole segments';
    if (!segmentPattern.test(segment)) return 'segments are made of A-Z a-z 0-9 _ - only';
  }
  return null;
}

/** For save time. @throws AppError `invalid` naming each bad pattern as `eventTypes.<index>` */
export function checkPatterns(patterns: readonly string[]): void {
  if (patterns.length > patternsMax) {
    const message = `must be at most ${patternsMax} patterns`;
    throw new AppError('invalid', `eventTypes: ${message}`, {
      fields: [{ path: 'eventTypes', message }],
    });
  }
  const fields: FieldError[] = [];
  for (const [index, pattern] of patterns.entries()) {
    const message = patternProblem(pattern);
    if (message !== null) fields.push({ path: `eventTypes.${index}`, message });
  }
  const first = fields[0];
  if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { fields });
}

/**
 * A predicate over valid types. Never throws: patterns were checked when they were saved, and one
 * bad row must not stop the events of its neighbours.
 */
export function compilePatterns(patterns: readonly string[]): (type: string) => boolean {
  if (patterns.length === 0 || patterns.includes('**')) return () => true;
  const exact = new Set<string>();
  const prefixes: string[] = [];
  const walked: string[][] = [];
  for (const pattern of patterns) {
    const segments = pattern.split('.');
    const wildcard = segments.findIndex((segment) => segment === '*' || segment === '**');
    if (wildcard === -1) exact.add(pattern);
    else if (segments[wildcard] === '**') prefixes.push(pattern.slice(0, -'**'.length));
    else walked.push(segments);
  }
  return (type) =>
    exact.has(type) ||
    prefixes.some((prefix) => type.startsWith(prefix)) ||
    walked.some((segments) => matchesSegments(segments, type));
}

function matchesSegments(segments: readonly string[], type: string): boolean {
  let at = 0;
  for (const segment of segments) {
    if (at > type.length) return false;
    if (segment === '**') return true;
    const dot = type.indexOf('.', at);
    const end = dot === -1 ? type.length : dot;
    const same = end - at === segment.length && type.startsWith(segment, at);
    if (segment !== '*' && !same) return false;
    at = end + 1;
  }
  // Past the end of the type: pattern and type ran out together.
  return at > type.length;
}

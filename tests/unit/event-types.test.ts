import { describe, expect, test } from 'bun:test';
import { AppError } from '../../src/domain/errors.ts';
import {
  checkPatterns,
  compilePatterns,
  patternLengthMax,
  patternProblem,
  patternsMax,
} from '../../src/domain/event-types.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe('patterns of event types', () => {
  test.each([
    [
      'invoice.paid',
      ['invoice.paid'],
      ['invoice', 'invoice.paid.late', 'invoice.paid2', 'Invoice.paid'],
    ],
    ['invoice.*', ['invoice.paid', 'invoice.x'], ['invoice', 'invoice.paid.late', 'invoices.paid']],
    [
      'invoice.**',
      ['invoice.paid', 'invoice.paid.late'],
      ['invoice', 'invoices.paid', 'a.invoice.b'],
    ],
    ['*', ['invoice'], ['invoice.paid']],
    ['**', ['invoice', 'invoice.paid', 'a.b.c.d'], []],
    ['*.paid', ['invoice.paid', 'order.paid'], ['paid', 'a.b.paid', 'invoice.paid.late']],
    ['a.*.c', ['a.b.c', 'a.a.c'], ['a.c', 'a.b.b.c', 'a.b.c.d']],
    ['*.b.**', ['a.b.c', 'x.b.c.d'], ['a.b', 'a.c.b', 'b.c']],
    ['*.*', ['a.b'], ['a', 'a.b.c']],
  ])('%s', (pattern, wanted, unwanted) => {
    expect(patternProblem(pattern)).toBeNull();
    const wants = compilePatterns([pattern]);
    expect(wanted.filter((type) => !wants(type))).toEqual([]);
    expect(unwanted.filter(wants)).toEqual([]);
  });

  test('none want everything', () => {
    expect(compilePatterns([])('any.thing')).toBe(true);
  });

  test('several want what any of them wants', () => {
    const wants = compilePatterns(['a', 'b.*', 'c.**', '*.z.*']);
    expect(['a', 'b.x', 'c.x.y', 'q.z.q'].every(wants)).toBe(true);
    expect(['b', 'c', 'a.b', 'q.z'].some(wants)).toBe(false);
  });

  test.each([
    ['', 'must not have an empty segment'],
    ['a..b', 'must not have an empty segment'],
    ['.a', 'must not have an empty segment'],
    ['a.', 'must not have an empty segment'],
    ['inv*', '* and ** stand for whole segments'],
    ['***', '* and ** stand for whole segments'],
    ['**.paid', '** stands for the rest and must be the last segment'],
    ['a b', 'segments are made of A-Z a-z 0-9 _ - only'],
    ['a\n', 'segments are made of A-Z a-z 0-9 _ - only'],
    ['x'.repeat(patternLengthMax + 1), 'must be at most 128 characters'],
  ])('%j is refused', (pattern, problem) => {
    expect(patternProblem(pattern)).toBe(problem);
  });

  test('are refused by their place in the list', () => {
    let refusal: unknown;
    try {
      checkPatterns(['ok.*', 'a..b', 'x*']);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal).toMatchObject({
      code: 'invalid',
      fields: [{ path: 'eventTypes.1' }, { path: 'eventTypes.2' }],
    });
  });

  test('may be 100 and not 101', () => {
    expect(() => checkPatterns(Array(patternsMax).fill('a'))).not.toThrow();
    expect(() => checkPatterns(Array(patternsMax + 1).fill('a'))).toThrow('at most 100');
  });

  test('agree with a naive matcher (seeded)', () => {
    const random = seededRandom(7);
    const word = () => random.pick(['a', 'b', 'ab', 'a-b']);
    const path = (words: number, pick: () => string) =>
      Array.from({ length: 1 + random.below(words) }, pick);
    let matched = 0;
    for (let run = 0; run < 20_000; run += 1) {
      const patterns = path(3, () => {
        const segments = path(3, () => random.pick([word(), word(), '*']));
        return (random.below(4) === 0 ? [...segments, '**'] : segments).join('.');
      });
      const type = path(4, word).join('.');
      const expected = patterns.some((pattern) => naive(pattern.split('.'), type.split('.')));
      if (expected) matched += 1;
      const actual = compilePatterns(patterns)(type);
      if (actual !== expected) throw new Error(`${patterns.join(' ')} on ${type}: ${actual}`);
    }
    expect(matched).toBeGreaterThan(2000);
    expect(matched).toBeLessThan(18_000);
  });
});

function naive(pattern: string[], type: string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return type.length === 0;
  if (type.length === 0) return false;
  if (first === '**') return true;
  return (first === '*' || first === type[0]) && naive(rest, type.slice(1));
}

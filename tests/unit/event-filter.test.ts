import { describe, expect, test } from 'bun:test';
import { AppError } from '../../src/domain/errors.ts';
import { compileFilter } from '../../src/domain/event-filter.ts';
import { checkFilter, filterProblems } from '../../src/domain/filter-problems.ts';
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts';

type Filter = Record<string, unknown>;
type Event = { type: string; payloadValue: unknown; metadata: Record<string, string> | null };

const event = (payloadValue: unknown, more: Partial<Event> = {}): Event => ({
  ...{ type: 'invoice.paid', payloadValue, metadata: null },
  ...more,
});

function wants(filter: Filter, given: Event): boolean {
  expect(filterProblems(filter)).toEqual([]);
  return compileFilter(filter)(given);
}

const ofPayload = (payload: unknown, value: unknown) => wants({ payload }, event(value));

describe('a filter', () => {
  test('without conditions wants everything', () => {
    expect(wants({}, event(null))).toBe(true);
  });

  test('wants what meets all conditions on type, payload and metadata', () => {
    const filter = {
      type: { $startsWith: 'invoice.' },
      payload: { amount: { $gte: 100 }, currency: 'EUR' },
      metadata: { region: { $in: ['eu', 'us'] } },
    };
    const good = event({ amount: 100, currency: 'EUR', x: 1 }, { metadata: { region: 'us' } });
    expect(wants(filter, good)).toBe(true);
    expect(wants(filter, { ...good, type: 'user.made' })).toBe(false);
    expect(wants(filter, { ...good, metadata: { region: 'asia' } })).toBe(false);
    expect(wants(filter, { ...good, metadata: null })).toBe(false);
    expect(wants(filter, { ...good, payloadValue: { amount: 99, currency: 'EUR' } })).toBe(false);
  });

  test.each<[unknown, unknown, boolean]>([
    [{ a: 1 }, { a: 1 }, true],
    [{ a: 1 }, { a: '1' }, false],
    [{ a: null }, { a: null }, true],
    [{ a: null }, {}, false],
    [{ a: { $eq: true } }, { a: true }, true],
    [{ a: { $eq: true } }, { a: 1 }, false],
    [{ a: { $neq: 1 } }, { a: 2 }, true],
    [{ a: { $neq: 1 } }, {}, true],
    [{ a: { $gt: 1 } }, { a: 1 }, false],
    [{ a: { $gt: 1 } }, { a: 1.5 }, true],
    [{ a: { $gt: 1 } }, { a: '2' }, false],
    [{ a: { $gte: 9 } }, { a: 10 }, true],
    [{ a: { $lt: '2026-02' } }, { a: '2026-01-31T00:00:00Z' }, true],
    [{ a: { $lte: 1 } }, { a: null }, false],
    [{ a: { $lte: 1 } }, { a: false }, false],
    [{ a: { $gt: 0, $lt: 5 } }, { a: 3 }, true],
    [{ a: { $in: [1, 'x', null] } }, { a: 'x' }, true],
    [{ a: { $in: [1, 'x', null] } }, {}, false],
    [{ a: { $nin: [1, 'x'] } }, {}, true],
    [{ a: { $nin: [1, 'x'] } }, { a: 1 }, false],
    [{ a: { $startsWith: 'ab' } }, { a: 'abc' }, true],
    [{ a: { $startsWith: '1' } }, { a: 12 }, false],
    [{ a: { $endsWith: '@x.org' } }, { a: 'me@x.org' }, true],
    [{ a: { $exist: true } }, { a: null }, true],
    [{ a: { $exist: false } }, { a: null }, false],
    [{ a: { b: { $exist: false } } }, { a: 'text' }, true],
    [{ a: { $not: { $startsWith: 'x' } } }, { a: 'y' }, true],
    [{ $or: [{ a: 1 }, { b: 1 }] }, { b: 1 }, true],
    [{ $and: [{ a: 1 }, { b: 1 }] }, { b: 1 }, false],
    [{ a: { $or: [{ $lt: 0 }, { $gt: 10 }] } }, { a: 11 }, true],
    [{ 'a.b': 1 }, { a: { b: 1 } }, false],
    [{ 'a.b': 1 }, { 'a.b': 1 }, true],
    [5, 5, true],
    [{ $gt: 4 }, 5, true],
  ])('of %j on %j is %p', (payload, value, expected) => {
    expect(ofPayload(payload, value)).toBe(expected);
  });

  test.each<[unknown, unknown, boolean]>([
    [{ tags: 'a' }, { tags: ['b', 'a'] }, true],
    [{ tags: { $neq: 'a' } }, { tags: ['b', 'a'] }, false],
    [{ tags: { $nin: ['a'] } }, { tags: ['b'] }, true],
    [{ tags: { $exist: true } }, { tags: [] }, true],
    [{ tags: { $in: ['a', 'c'] } }, { tags: ['b'] }, false],
    // One and the same element, not one for each condition.
    [{ n: { $gte: 1, $lt: 5 } }, { n: [0, 10] }, false],
    [{ n: { $and: [{ $gte: 1 }, { $lt: 5 }] } }, { n: [0, 10] }, true],
    [
      { items: { sku: 'x', count: { $gt: 1 } } },
      { items: [{ sku: 'x', count: 1 }, { count: 2 }] },
      false,
    ],
    [{ items: { sku: 'x', count: { $gt: 1 } } }, { items: [{ sku: 'x', count: 2 }] }, true],
    [{ items: { sku: { $neq: 'x' } } }, { items: [] }, false],
    [{ items: { $not: { sku: 'x' } } }, { items: [{ sku: 'y' }] }, true],
    [{ tags: 'a' }, { tags: [['a']] }, false],
    [7, [1, 7], true],
  ])('of %j on the list in %j is %p', (payload, value, expected) => {
    expect(ofPayload(payload, value)).toBe(expected);
  });

  test('reads own members only, whatever they are called', () => {
    const absent = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
    for (const name of absent) {
      const filter = JSON.parse(`{"${name}":{"$exist":true}}`);
      expect(ofPayload(filter, {})).toBe(false);
      expect(ofPayload(filter, JSON.parse(`{"${name}":1}`))).toBe(true);
    }
    expect(ofPayload({ constructor: { name: 'Object' } }, {})).toBe(false);
    expect(ofPayload({ length: 2 }, 'xy')).toBe(false);
    expect(ofPayload({ length: 2 }, [1, 2])).toBe(false);
    const polluting = JSON.parse('{"__proto__":{"polluted":1}}');
    expect(ofPayload(polluting, {})).toBe(false);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('ends soon on a payload that would take millions of comparisons, and does not want it', () => {
    const members = Object.fromEntries(
      Array.from({ length: 90 }, (_, n) => [`m${n}`, { $neq: 1 }]),
    );
    const never = { ...members, last: 1 };
    const many = Array.from({ length: 60_000 }, () => ({}));
    const startedMs = performance.now();
    expect(ofPayload(never, many)).toBe(false);
    expect(ofPayload({ $not: never }, many)).toBe(false);
    // 5 M comparisons take much of a second; the bound leaves a few milliseconds.
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(ofPayload({ $not: never }, many.slice(0, 100))).toBe(true);
  });

  test('that a newer opsforge stored wants nothing here', () => {
    expect(compileFilter({ payload: { a: { $matches: 'x' } } })(event({ a: 'x' }))).toBe(false);
    expect(compileFilter({ $not: { payload: { $later: 1 } } })(event({}))).toBe(false);
  });
});

describe('saving a filter', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const wide = (members: number) =>
    Object.fromEntries(Array.from({ length: members }, (_, n) => [`m${n}`, 1]));

  test.each<[unknown, string]>([
    [{ path: 'total' }, 'filter.path'],
    [{ $eq: 1 }, 'filter.$eq'],
    [{ payload: { a: { $regex: 'x' } } }, 'filter.payload.a.$regex'],
    [{ payload: { $where: 'true' } }, 'filter.payload.$where'],
    [{ payload: { a: { $gt: true } } }, 'filter.payload.a.$gt'],
    [{ payload: { a: { $eq: {} } } }, 'filter.payload.a.$eq'],
    [{ payload: { a: [1] } }, 'filter.payload.a'],
    [{ payload: {} }, 'filter.payload'],
    [{ payload: { a: { $in: [] } } }, 'filter.payload.a.$in'],
    [{ payload: { a: { $in: 'abc' } } }, 'filter.payload.a.$in'],
    [{ payload: { a: { $in: [1, [2]] } } }, 'filter.payload.a.$in.1'],
    [{ payload: { a: { $exist: 'yes' } } }, 'filter.payload.a.$exist'],
    [{ payload: { a: { $startsWith: 1 } } }, 'filter.payload.a.$startsWith'],
    [{ $or: [{ payload: 1 }, { body: 1 }] }, 'filter.$or.1.body'],
    [{ $or: [1] }, 'filter.$or.0'],
    [{ $not: {} }, 'filter.$not'],
    [{ payload: { a: 'x'.repeat(1_025) } }, 'filter.payload.a'],
    [{ payload: { a: '\0' } }, 'filter.payload.a'],
    [{ payload: { a: { $endsWith: '\ud800' } } }, 'filter.payload.a.$endsWith'],
    [{ payload: { a: Number.POSITIVE_INFINITY } }, 'filter.payload.a'],
    [{ payload: nested(8) }, 'filter.payload.a.a.a.a.a.a.a'],
    [{ payload: wide(200) }, 'filter'],
    [{ payload: { a: { $in: Array(200).fill(1) } } }, 'filter'],
    [{ payload: { a: { $in: Array(17).fill('x'.repeat(1_000)) } } }, 'filter'],
    [[], 'filter'],
    [null, 'filter'],
    ['x', 'filter'],
  ])('refuses %j at its place', (filter, path) => {
    expect(filterProblems(filter).map((problem) => problem.path)).toEqual([path]);
  });

  test('takes what is just within the bounds', () => {
    expect(filterProblems({ payload: nested(7) })).toEqual([]);
    expect(filterProblems({ payload: wide(199) })).toEqual([]);
    expect(filterProblems({ payload: { a: 'x'.repeat(1_024) } })).toEqual([]);
    expect(filterProblems({ payload: { a: { $in: Array(16).fill('x'.repeat(1_000)) } } })).toEqual(
      [],
    );
  });

  test('walks no further than the bounds in what is deep, wide or both', () => {
    expect(filterProblems({ payload: nested(5_000) })).toHaveLength(1);
    expect(filterProblems({ payload: wide(100_000) })).toHaveLength(1);
    const bad = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`$m${n}`, 1]));
    expect(filterProblems({ payload: bad })).toHaveLength(20);
  });

  test('throws them as one AppError', () => {
    expect(() => checkFilter({ payload: { a: { $gt: 1 } } })).not.toThrow();
    expect(() => checkFilter({ body: 1 })).toThrow(AppError);
  });
});

describe('any filter', () => {
  test('wants the same as an evaluator that goes by the words of its documentation', () => {
    const random = seededRandom(20_261_123);
    let wanted = 0;
    const rounds = 5_000;
    for (let round = 0; round < rounds; round += 1) {
      const filter = anyFilter(random);
      const given = event(anyValue(random, 3), {
        type: random.pick(['a', 'a.b', 'b']),
        metadata: random.pick([null, { a: 'x' }, { a: 'xy', b: 'x' }]),
      });
      const { type, payloadValue: payload, metadata } = given;
      const expected = naive(filter, { type, payload, metadata: metadata ?? {} });
      if (wants(filter, given) !== expected) {
        throw new Error(`${JSON.stringify(filter)} on ${JSON.stringify(given)}: not ${expected}`);
      }
      if (expected) wanted += 1;
    }
    // Both answers are common, or nothing was tried.
    expect(wanted).toBeGreaterThan(rounds * 0.15);
    expect(wanted).toBeLessThan(rounds * 0.85);
  });
});

const names = ['a', 'b', 'c'];
const scalars = [0, 1, 2, '', 'x', 'xy', 'yx', true, false, null];

function anyValue(random: SeededRandom, depth: number): unknown {
  const kind = depth === 0 ? 0 : random.below(5);
  if (kind < 2) return random.pick(scalars);
  if (kind === 2) return Array.from({ length: random.below(4) }, () => anyValue(random, depth - 1));
  return Object.fromEntries(names.map((name) => [name, anyValue(random, depth - 1)]));
}

function anyFilter(random: SeededRandom): Filter {
  const roots = ['payload', 'payload', 'metadata', 'type'];
  const filter: Filter = { [random.pick(roots)]: anyConditions(random, 3) };
  if (random.below(4) === 0) filter['$not'] = { [random.pick(roots)]: anyConditions(random, 2) };
  if (random.below(4) === 0)
    filter['$or'] = [filter, { payload: anyConditions(random, 2) }].slice(1);
  return filter;
}

function anyConditions(random: SeededRandom, depth: number): unknown {
  if (depth === 0) return random.pick(scalars);
  const conditions: Filter = {};
  const inner = () => anyConditions(random, depth - 1);
  for (let count = 1 + random.below(2); count > 0; count -= 1) {
    const order = random.pick<string | number>([0, 1, 'x', 'y']);
    const list = [random.pick(scalars), random.pick(scalars)];
    const text = random.pick(['', 'x', 'y']);
    const [name, operand] = random.pick<[string, unknown]>([
      [random.pick(names), inner()],
      [random.pick(names), inner()],
      ['$eq', random.pick(scalars)],
      ['$neq', random.pick(scalars)],
      [random.pick(['$gt', '$gte', '$lt', '$lte']), order],
      [random.pick(['$in', '$nin']), list],
      [random.pick(['$startsWith', '$endsWith']), text],
      ['$exist', random.below(2) === 0],
      ['$not', inner()],
      [random.pick(['$and', '$or']), [inner(), inner()]],
    ]);
    conditions[name] = operand;
  }
  return conditions;
}

/** docs/filters.md, sentence by sentence. */
function naive(conditions: unknown, value: unknown): boolean {
  const entries: [string, unknown][] =
    typeof conditions === 'object' && conditions !== null
      ? Object.entries(conditions)
      : [['$eq', conditions]];
  const elements = Array.isArray(value) ? value : [value];
  const negative: Record<string, string> = { $neq: '$eq', $nin: '$in' };
  const whole = ['$exist', '$not', '$and', '$or', '$neq', '$nin'];
  const ofWhole = entries.filter(([name]) => whole.includes(name));
  const ofElement = entries.filter(([name]) => !whole.includes(name));
  const wholeHolds = ofWhole.every(([name, operand]) => {
    const opposite = negative[name];
    if (opposite !== undefined) return !elements.some((one) => compare(opposite, operand, one));
    if (name === '$exist') return operand ? value !== undefined : value === undefined;
    if (name === '$not') return !naive(operand, value);
    const results = Object(operand).map((each: unknown) => naive(each, value));
    return name === '$and' ? !results.includes(false) : results.includes(true);
  });
  const elementHolds = elements.some((one) =>
    ofElement.every(([name, operand]) => compare(name, operand, one)),
  );
  return wholeHolds && (ofElement.length === 0 || elementHolds);
}

function compare(name: string, operand: unknown, value: unknown): boolean {
  const both = (type: string) => typeof value === type && typeof operand === type;
  const less = (a: unknown, b: unknown) =>
    both('number') ? Number(a) < Number(b) : both('string') && String(a) < String(b);
  switch (name) {
    case '$eq':
      return value === operand;
    case '$in':
      return Object(operand).includes(value);
    case '$gt':
      return less(operand, value);
    case '$gte':
      return less(operand, value) || (value === operand && value !== undefined);
    case '$lt':
      return less(value, operand);
    case '$lte':
      return less(value, operand) || value === operand;
    case '$startsWith':
      return both('string') && String(value).indexOf(String(operand)) === 0;
    case '$endsWith':
      return both('string') && String(value).slice(-String(operand).length || 99) === operand;
    default: {
      const isMembered = typeof value === 'object' && value !== null && !Array.isArray(value);
      return naive(operand, isMembered ? Object(value)[name] : undefined);
    }
  }
}

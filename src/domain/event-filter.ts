/**
 * Which events an endpoint wants by what they hold; the language of docs/filters.md. A filter is
 * data that a stranger wrote: only own members are read, there is no code and no regular expression
 * in it, its size is bounded (filter-problems.ts) and so is the work that one event may cost it.
 * Why not a library: docs/decisions/0010-event-filter.md.
 */
import { type EventFilter, filterProblems, isObject } from './filter-problems.ts';

/** What a filter looks at; `payloadValue` is the payload, parsed. */
export type FilteredEvent = {
  type: string;
  payloadValue: unknown;
  metadata: Readonly<Record<string, string>> | null;
};

/** Of a value of the event; `undefined` is one that is not there. */
type Test = (value: unknown) => boolean;

/**
 * What one event may cost one filter: 200 conditions on a payload that is one list of 128,000
 * elements would be 25 M comparisons, and every other request of the process would wait for them.
 * These take 8 ms (2-core x64, 2026-11); an everyday filter takes 0.4 us.
 */
const comparisonsMax = 50_000;

/**
 * A predicate that never throws. A stored filter that is none (a newer opsforge wrote it) wants
 * nothing: its receiver must not get what it may have shut out.
 */
export function compileFilter(filter: EventFilter): (event: FilteredEvent) => boolean {
  if (filterProblems(filter).length > 0) return () => false;
  const work = { left: 0 };
  const test = compileConditions(filter, work);
  return ({ type, payloadValue, metadata }) => {
    work.left = comparisonsMax;
    return test({ type, payload: payloadValue, metadata: metadata ?? {} }) && work.left >= 0;
  };
}

type Work = { left: number };

/**
 * All entries must hold. Of a list, one and the same element must meet the comparisons and the
 * conditions on members; negations, `$exist` and the logical operators are about the list itself.
 */
function compileConditions(conditions: unknown, work: Work): Test {
  if (!isObject(conditions)) return ofAnyElement([equals(conditions)], work);
  const ofElement: Test[] = [];
  const ofWhole: Test[] = [];
  for (const [name, operand] of Object.entries(conditions)) {
    const whole = compileWhole(name, operand, work);
    if (whole !== null) ofWhole.push(whole);
    else if (name.startsWith('$')) ofElement.push(compileComparison(name, operand));
    else ofElement.push(compileMember(name, compileConditions(operand, work)));
  }
  if (ofElement.length > 0) ofWhole.unshift(ofAnyElement(ofElement, work));
  const [only] = ofWhole;
  if (only !== undefined && ofWhole.length === 1) return only;
  return (value) => ofWhole.every((test) => test(value));
}

/** An operator that sees a list as a whole, or null. */
function compileWhole(name: string, operand: unknown, work: Work): Test | null {
  const alternatives = () => listOf(operand).map((item) => compileConditions(item, work));
  const negated = (test: Test): Test => {
    return (value) => !test(value);
  };
  switch (name) {
    case '$neq':
      return negated(ofAnyElement([equals(operand)], work));
    case '$nin':
      return negated(ofAnyElement([isOneOf(operand)], work));
    case '$not':
      return negated(compileConditions(operand, work));
    case '$exist':
      return (value) => (value !== undefined) === operand;
    case '$and': {
      const tests = alternatives();
      return (value) => tests.every((test) => test(value));
    }
    case '$or': {
      const tests = alternatives();
      return (value) => tests.some((test) => test(value));
    }
    default:
      return null;
  }
}

/** An operator that compares one value with its operand; what is of another type never meets it. */
function compileComparison(name: string, operand: unknown): Test {
  switch (name) {
    case '$in':
      return isOneOf(operand);
    case '$startsWith':
      return (value) => typeof value === 'string' && value.startsWith(String(operand));
    case '$endsWith':
      return (value) => typeof value === 'string' && value.endsWith(String(operand));
    case '$gt':
      return ordered(operand, (sign) => sign > 0);
    case '$gte':
      return ordered(operand, (sign) => sign >= 0);
    case '$lt':
      return ordered(operand, (sign) => sign < 0);
    case '$lte':
      return ordered(operand, (sign) => sign <= 0);
    default:
      return equals(operand);
  }
}

const equals = (operand: unknown): Test => {
  return (value) => value === operand;
};

function isOneOf(operand: unknown): Test {
  const wanted = new Set(listOf(operand));
  return (value) => wanted.has(value);
}

/** Numbers by size, texts by their UTF-16 units, which puts RFC 3339 times in order. */
function ordered(operand: unknown, holds: (sign: number) => boolean): Test {
  if (typeof operand === 'number') {
    return (value) => typeof value === 'number' && holds(value - operand);
  }
  const text = String(operand);
  return (value) => typeof value === 'string' && holds(value === text ? 0 : value > text ? 1 : -1);
}

function compileMember(name: string, test: Test): Test {
  return (value) => test(isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined);
}

/** One level deep: a list inside a list is equal to nothing and has no members. */
function ofAnyElement(tests: readonly Test[], work: Work): Test {
  const meets = (element: unknown): boolean => {
    work.left -= tests.length;
    return tests.every((test) => test(element));
  };
  return (value) => {
    if (!Array.isArray(value)) return meets(value);
    for (const element of value) {
      if (work.left < 0) return false;
      if (meets(element)) return true;
    }
    return false;
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

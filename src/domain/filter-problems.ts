/**
 * What is wrong with an endpoint's filter, for a 422 with paths. Walks no further than its bounds,
 * so that a hostile one costs nothing; what passes is small enough to compile and to store.
 */
import { AppError, type FieldError } from './errors.ts';

/** As it was sent; `checkFilter` says whether it is one. */
export type EventFilter = Readonly<Record<string, unknown>>;

/** Objects inside each other. */
const depthMax = 8;
/** Members of objects and items of lists, all together. */
const nodesMax = 200;
const textLengthMax = 1_024;
const serialisedBytesMax = 16 * 1_024;
const problemsMax = 20;
const pathLengthMax = 200;

const roots = ['type', 'payload', 'metadata'];
const logical = ['$and', '$or', '$not'];
const comparisons = [
  ...['$eq', '$neq', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$startsWith', '$endsWith'],
  '$exist',
];

type Walk = { problems: FieldError[]; nodes: number };
/** `top`: of the event itself, which has three members and is compared with nothing. */
type Place = { path: string; depth: number; top: boolean };

/** For save time. @throws AppError `invalid` naming each problem as `filter.<dotted path>` */
export function checkFilter(filter: EventFilter): void {
  const fields = filterProblems(filter);
  const first = fields[0];
  if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { fields });
}

/** Paths begin with `filter`. No problems: it can be compiled. */
export function filterProblems(filter: unknown): FieldError[] {
  const walk: Walk = { problems: [], nodes: 0 };
  checkConditions(walk, filter, { path: 'filter', depth: 1, top: true });
  if (walk.nodes > nodesMax) {
    report(walk, 'filter', `must have at most ${nodesMax} members and items`);
  }
  // Only what was found small enough to walk is written out.
  if (walk.problems.length > 0) return walk.problems;
  if (Buffer.byteLength(JSON.stringify(filter)) > serialisedBytesMax) {
    report(walk, 'filter', `must be at most ${serialisedBytesMax} bytes of JSON`);
  }
  return walk.problems;
}

/** A null message is no problem. */
function report({ problems }: Walk, path: string, message: string | null): void {
  if (message === null || problems.length >= problemsMax) return;
  problems.push({ path: path.slice(0, pathLengthMax), message });
}

/** False once the bound is passed. */
function counts(walk: Walk): boolean {
  walk.nodes += 1;
  return walk.nodes <= nodesMax;
}

function checkConditions(walk: Walk, value: unknown, place: Place): void {
  const { path, depth, top } = place;
  if (!isObject(value)) {
    report(walk, path, top ? 'must be an object' : valueProblem(value));
    return;
  }
  if (depth > depthMax) {
    report(walk, path, `is deeper than ${depthMax} objects`);
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0 && depth > 1) report(walk, path, 'must hold a condition');
  for (const [name, operand] of entries) {
    if (!counts(walk)) return;
    const at = { ...place, path: `${path}.${name}` };
    if (name.startsWith('$')) checkOperator(walk, name, operand, at);
    else if (top && !roots.includes(name)) {
      report(walk, at.path, `is not a known member: ${roots.join(' ')}`);
    } else {
      report(walk, at.path, textProblem(name));
      checkConditions(walk, operand, { ...at, depth: depth + 1, top: false });
    }
  }
}

function checkOperator(walk: Walk, name: string, operand: unknown, place: Place): void {
  const { path, top } = place;
  const inner = { ...place, depth: place.depth + 1 };
  const known = top ? logical : [...comparisons, ...logical];
  if (!known.includes(name)) report(walk, path, `is no operator here: ${known.join(' ')}`);
  else if (name === '$not') checkConditions(walk, operand, inner);
  else if (!['$and', '$or', '$in', '$nin'].includes(name)) {
    report(walk, path, operandProblem(name, operand));
  } else if (!Array.isArray(operand) || operand.length === 0) {
    report(walk, path, 'must be a list that is not empty');
  } else {
    for (const [index, item] of operand.entries()) {
      if (!counts(walk)) return;
      const at = { ...inner, path: `${path}.${index}` };
      if (logical.includes(name)) checkConditions(walk, item, at);
      else report(walk, at.path, scalarProblem(item));
    }
  }
}

/** Of an operator that takes one value. */
function operandProblem(name: string, operand: unknown): string | null {
  switch (name) {
    case '$exist':
      return typeof operand === 'boolean' ? null : 'must be true or false';
    case '$startsWith':
    case '$endsWith':
      return typeof operand === 'string' ? textProblem(operand) : 'must be a text';
    case '$eq':
    case '$neq':
      return scalarProblem(operand);
    default:
      return typeof operand === 'string' || typeof operand === 'number'
        ? scalarProblem(operand)
        : 'must be a number or a text';
  }
}

/** Of what stands for `$eq`. */
function valueProblem(value: unknown): string | null {
  return typeof value === 'object' && value !== null
    ? 'must be one value or an object of conditions'
    : scalarProblem(value);
}

function scalarProblem(value: unknown): string | null {
  if (typeof value === 'string') return textProblem(value);
  // JSON may write 1e999, which no number holds.
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'is too great';
  const isKnown = value === null || typeof value === 'boolean';
  return isKnown ? null : 'must be a text, a number, true, false or null';
}

function textProblem(text: string): string | null {
  if (text.length > textLengthMax) return `must be at most ${textLengthMax} characters`;
  const isStorable = text.isWellFormed() && !text.includes('\0');
  return isStorable ? null : 'must not hold U+0000 or half of a surrogate pair';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

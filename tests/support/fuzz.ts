/**
 * Values for a JSON schema of the API's document: mostly what it allows, at times what nobody
 * expects. Repeatable: all chance comes from the seed.
 */
import type { SeededRandom } from './seeded-random.ts';

type Schema = Record<string, unknown>;

const depthMax = 6;
const itemsMax = 3;
/** Of all values, so many are something else than the schema says. */
const oddShare = 0.12;

export const oddTexts: readonly string[] = [
  '',
  ' ',
  'null',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e\u{1f4a9}',
  "'; drop table tenants; --",
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '%00%ff',
  '{{7*7}}',
  '__proto__',
  'constructor',
  '9'.repeat(400),
  'x'.repeat(5_000),
  'a.'.repeat(200),
  'http://[::1]:99999/',
  'https://user:pass@example.com:0/#',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2026-02-30T25:61:61+99:99',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-7fff-bfff-ffffffffffff',
];
const oddNumbers = [0, -0, -1, 0.1, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 1e-320];

function oddValue(random: SeededRandom): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => true,
    () => [],
    () => ({}),
    () => random.pick(oddTexts),
    () => random.pick(oddTexts),
    () => random.pick(oddNumbers),
    () => Array.from({ length: 300 }, () => random.pick(oddTexts)),
    () => nested(60),
    () => ({ [random.pick(oddTexts)]: random.pick(oddNumbers) }),
    () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
  ])();
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

export function createFuzzer(document: Record<string, unknown>, random: SeededRandom) {
  /** A value as the schema says it, but for odd ones strewn in. */
  function make(given: Schema, depth = 0): unknown {
    const schema = resolve(given);
    if (random.next() < oddShare || depth > depthMax) return oddValue(random);
    if ('const' in schema) return schema['const'];
    if (Array.isArray(schema['enum'])) return random.pick(schema['enum']);
    const choices = schema['anyOf'] ?? schema['oneOf'];
    if (Array.isArray(choices)) return make(random.pick(choices), depth);
    const { type } = schema;
    switch (Array.isArray(type) ? random.pick(type) : type) {
      case 'object':
        return objectOf(schema, depth);
      case 'array': {
        const length = random.below(itemsMax + 1);
        return Array.from({ length }, () => make(Object(schema['items']), depth + 1));
      }
      case 'string':
        return textOf(schema);
      case 'integer':
      case 'number':
        return numberOf(schema);
      case 'boolean':
        return random.next() < 0.5;
      case 'null':
        return null;
      default:
        return oddValue(random);
    }
  }

  function objectOf(schema: Schema, depth: number): unknown {
    const required = new Set(Object(schema['required'] ?? []));
    const made: [string, unknown][] = [];
    for (const [name, property] of Object.entries(Object(schema['properties']))) {
      const wanted = required.has(name) ? random.next() > 0.03 : random.next() < 0.5;
      if (wanted) made.push([name, make(Object(property), depth + 1)]);
    }
    const more = schema['additionalProperties'];
    if (typeof more === 'object') {
      made.push([random.pick(oddTexts), make(Object(more), depth + 1)]);
    }
    if (random.next() < 0.05) made.push([random.pick(oddTexts), oddValue(random)]);
    return Object.fromEntries(made);
  }

  function textOf(schema: Schema): string {
    const format = schema['format'];
    if (format === 'uuid') return crypto.randomUUID();
    if (format === 'date-time') return new Date(1.7e12 + random.below(1e11)).toISOString();
    if (format === 'uri') return random.pick(['https://example.com/a', 'http://example.org:81/']);
    return random.pick(['invoice.paid', 'invoice.*', '**', 'a', 'ein Text', random.pick(oddTexts)]);
  }

  function numberOf(schema: Schema): number {
    const minimum = Number(schema['minimum'] ?? 0);
    const maximum = Number(schema['maximum'] ?? 1_000);
    return random.pick([minimum, maximum, minimum - 1, maximum + 1, random.pick(oddNumbers)]);
  }

  function resolve(schema: Schema): Schema {
    const reference = schema['$ref'];
    if (typeof reference !== 'string') return schema;
    const names = reference.slice('#/'.length).split('/');
    return Object(names.reduce<unknown>((at, name) => Object(at)[name], document));
  }

  /** A copy of a good value with one place in it replaced, removed or doubled. */
  function spoil(good: unknown): unknown {
    const copy = structuredClone(good);
    const places = [...placesOf(copy)];
    if (places.length === 0) return oddValue(random);
    const { holder, name } = random.pick(places);
    if (Array.isArray(holder)) holder[Number(name)] = oddValue(random);
    else if (random.next() < 0.2) delete holder[name];
    else holder[name] = oddValue(random);
    return copy;
  }

  return { make, spoil, oddText: () => random.pick(oddTexts) };
}

type Place = { holder: Record<string, unknown>; name: string };

function* placesOf(value: unknown): Generator<Place> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    yield { holder: Object(value), name };
    yield* placesOf(inner);
  }
}

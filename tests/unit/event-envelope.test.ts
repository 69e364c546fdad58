import { describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { AppError } from '../../src/domain/errors.ts';
import {
  batchEventInput,
  checkClientId,
  checkIdempotencyKey,
  eventFingerprint,
  eventInput,
  payloadBytesMax,
  readEnvelope,
} from '../../src/domain/event-envelope.ts';
import { newId } from '../../src/domain/ids.ts';
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts';

const someId = newId(Date.UTC(2026, 0, 1));

function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

const refused = (text: string, batchItem = false) =>
  refusal(() => readEnvelope(text, { batchItem }));

function event(members: Record<string, unknown>): string {
  return JSON.stringify({ type: 'invoice.paid', payload: 1, ...members });
}

describe('reading an event', () => {
  test('gives every member, and null for those that are absent', () => {
    const projectId = newId(0);
    const metadata = { source: 'billing' };
    const full = event({ id: someId, orderingKey: 'cus_1', metadata, projectId });
    expect<unknown>(readEnvelope(full)).toEqual({
      type: 'invoice.paid',
      payload: '1',
      payloadValue: 1,
      id: someId,
      orderingKey: 'cus_1',
      metadata,
      projectId,
      idempotencyKey: null,
    });
    const bare = readEnvelope(event({}));
    expect([bare.id, bare.orderingKey, bare.metadata, bare.projectId]).toEqual(Array(4).fill(null));
  });

  test('takes null for an optional member as absent', () => {
    const nulls = { id: null, orderingKey: null, metadata: null, projectId: null };
    expect(readEnvelope(event(nulls))).toEqual(readEnvelope(event({})));
  });

  test('writes ids in lower case, as the API does', () => {
    const read = readEnvelope(event({ id: someId.toUpperCase(), projectId: someId.toUpperCase() }));
    expect<string | null>(read.id).toBe(someId);
    expect<string | null>(read.projectId).toBe(someId);
  });

  test.each([
    '{ "b" : 1,  "a":2 }',
    '1.0e+02',
    '-0.0',
    '12345678901234567890.12345678901234567890',
    '"\\u0041\\/\\ud83d\\ude00 \\ud800 \\u0000"',
    '"naïve 😀"',
    '{"a":1,"a":2,"type":"x"}',
    '[[{"}":"]"}],"\\\\",{"\\"":"{"},"\\\\\\""]',
    'null',
    'true',
    '""',
    '[ ]',
    '{"x":"\n"}'.replace('\n', '\\n'),
    JSON.stringify('"'.repeat(2000)),
  ])('keeps the payload byte for byte: %s', (payload) => {
    expect(readEnvelope(`{"type":"a","payload":${payload},"metadata":{}}`).payload).toBe(payload);
    expect(readEnvelope(` {"type":"a", "payload" :\n${payload}\t}\n`).payload).toBe(payload);
  });

  test('finds a payload whose key is spelled with escapes', () => {
    expect(readEnvelope('{"type":"a","\\u0070ayload":{"a": 1}}').payload).toBe('{"a": 1}');
  });

  test('is not led astray by members that hold the word payload', () => {
    const text = '{"metadata":{"payload":"1","x":"\\"payload\\":2"},"type":"payload","payload":3}';
    expect(readEnvelope(text).payload).toBe('3');
  });

  test('cuts out exactly the payload of any event (seeded)', () => {
    const random = seededRandom(20_261_101);
    for (let run = 0; run < 3000; run += 1) {
      const payload = randomJson(random, 4);
      const { text, metadata } = randomEvent(random, payload);
      const read = readEnvelope(text);
      expect(read.payload).toBe(payload);
      expect(read.payloadValue).toEqual(JSON.parse(payload));
      expect(read.metadata).toEqual(metadata);
    }
  });
});

describe('refusing an event', () => {
  test.each(['', ' \n', '{', 'type=a', '{"type":"a","payload":1}{', '{"type":"a","payload":01}'])(
    'calls %j malformed',
    (text) => {
      expect(refused(text).code).toBe('malformed');
    },
  );

  test.each(['[]', 'null', '"a"', '5', '[{"type":"a","payload":1}]'])(
    'calls %s invalid, since it is JSON but not an object',
    (text) => {
      expect(refused(text)).toMatchObject({
        code: 'invalid',
        fields: [{ path: '', message: 'must be a JSON object' }],
      });
    },
  );

  test.each([
    ['{"type":"a","payload":1,"payload":1}', 'payload'],
    ['{"type":"a","\\u0070ayload":1,"payload":1}', 'payload'],
    ['{"type":"a","payload":{},"t\\u0079pe":"a"}', 'type'],
    ['{"x":1,"type":"a","payload":1,"x":2}', 'x'],
    ['{"__proto__":1,"type":"a","payload":1,"__proto__":2}', '__proto__'],
  ])('names the key that stands twice in %s', (text, path) => {
    expect(refused(text)).toMatchObject({
      code: 'invalid',
      fields: [{ path, message: 'stands twice' }],
    });
  });

  test.each([
    ['type', '{"payload":1}', 'is required'],
    ['payload', '{"type":"a"}', 'is required'],
    ['type', event({ type: 5 }), 'must be a string'],
    ['type', event({ type: null }), 'must be a string'],
    ['orderingkey', event({ orderingkey: 'x' }), 'is not a known member'],
    ['__proto__', '{"type":"a","payload":1,"__proto__":1}', 'is not a known member'],
    ['idempotencyKey', event({ idempotencyKey: 'x' }), 'is not a known member'],
    ['id', event({ id: 'evt_1' }), 'must be a UUIDv7'],
    ['id', event({ id: crypto.randomUUID() }), 'must be a UUIDv7'],
    ['projectId', event({ projectId: 'main' }), 'must be a UUID'],
    ['orderingKey', event({ orderingKey: 7 }), 'must be a string'],
    ['orderingKey', event({ orderingKey: 'k'.repeat(129) }), 'must be at most 128 characters'],
    ['metadata', event({ metadata: ['a'] }), 'must be an object of strings'],
    ['metadata.a', event({ metadata: { a: 1 } }), 'must be a string'],
    ['metadata.a', event({ metadata: { a: 'v'.repeat(1025) } }), 'must be at most 1024 characters'],
    [
      'metadata.__proto__',
      '{"type":"a","payload":1,"metadata":{"__proto__":"x"}}',
      'is not a usable name',
    ],
  ])('blames %s in %s', (path, text, message) => {
    expect(refused(text)).toMatchObject({ code: 'invalid', fields: [{ path, message }] });
  });

  test('names all that is wrong at once, and not without bound', () => {
    const { fields } = refused('{"type":"a b","orderingKey":1}');
    expect(fields.map(({ path }) => path).sort()).toEqual(['orderingKey', 'payload', 'type']);
    const manyWrong = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, 1]));
    expect(refused(event(manyWrong)).fields).toHaveLength(20);
    const metadata = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 1]));
    expect(refused(event({ metadata })).fields).toHaveLength(20);
    const longName = refused(event({ ['x'.repeat(10_000)]: 1 }));
    expect(longName.fields[0]?.path).toHaveLength(200);
    expect(longName.message.length).toBeLessThan(300);
  });

  test.each(['a..b', '.a', 'a.', '', 'a b', 'a/b', 'é', 'a\n', 'a\0', 'x'.repeat(129)])(
    'does not take %j for a type',
    (type) => {
      expect(refused(event({ type })).fields[0]?.path).toBe('type');
    },
  );

  test.each(['a', 'A-b_9.c', 'invoice.paid', 'x'.repeat(128), '-'])(
    'takes %j for a type',
    (type) => {
      expect(readEnvelope(event({ type })).type).toBe(type);
    },
  );

  test.each(['\\u0000', 'a\\u0000b', '\\ud800', '\\udc00\\ud800', 'x\\uDFFF'])(
    'does not store %s',
    (bad) => {
      const inMember = (members: string) =>
        refused(`{"type":"a","payload":1,${members}}`).fields[0]?.path;
      expect(inMember(`"orderingKey":"${bad}"`)).toBe('orderingKey');
      expect(inMember(`"metadata":{"k":"${bad}"}`)).toBe('metadata.k');
      expect(inMember(`"metadata":{"${bad}":"v"}`)).toStartWith('metadata.');
      expect(refused(`{"type":"a${bad}","payload":1}`).fields[0]?.path).toBe('type');
      expect(readEnvelope(`{"type":"a","payload":"${bad}"}`).payload).toBe(`"${bad}"`);
    },
  );

  test('takes whole surrogate pairs', () => {
    const read = readEnvelope('{"type":"a","payload":1,"orderingKey":"\\ud83d\\ude00"}');
    expect(read.orderingKey).toBe('😀');
  });

  test('takes 50 metadata entries and not 51', () => {
    const entries = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
    expect(Object.keys(readEnvelope(event({ metadata: entries(50) })).metadata ?? {})).toHaveLength(
      50,
    );
    expect(refused(event({ metadata: entries(51) })).fields[0]?.path).toBe('metadata');
  });

  test('measures the payload in bytes of UTF-8, its quotes included', () => {
    const padded = (letter: string, bytesEach: number, extra: number) =>
      event({ payload: letter.repeat((payloadBytesMax - 2) / bytesEach) + 'x'.repeat(extra) });
    expect(readEnvelope(padded('x', 1, 0)).payload).toHaveLength(payloadBytesMax);
    expect(refused(padded('x', 1, 1)).code).toBe('too_large');
    expect(readEnvelope(padded('é', 2, 0)).payload).toHaveLength(payloadBytesMax / 2 + 1);
    expect(refused(padded('é', 2, 1)).code).toBe('too_large');
  });

  test('does not run out of stack on deep nesting', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(readEnvelope(`{"type":"a","payload":${deep}}`).payload).toBe(deep);
  });
});

describe('a batch item', () => {
  test('is an event that may bring its idempotency key', () => {
    const read = readEnvelope(event({ idempotencyKey: 'k-1' }), { batchItem: true });
    expect(read.idempotencyKey).toBe('k-1');
    expect(readEnvelope(event({}), { batchItem: true }).idempotencyKey).toBeNull();
    expect(refused(event({ other: 1 }), true).fields[0]?.path).toBe('other');
  });

  test.each(['', 'a b', 'é', 'a\0', 'x'.repeat(256)])('may not bring the key %j', (key) => {
    expect(refused(event({ idempotencyKey: key }), true).fields[0]?.path).toBe('idempotencyKey');
  });
});

describe('the schemas', () => {
  test.each([eventInput, batchEventInput])('describe themselves for OpenAPI', (schema) => {
    const written = z.toJSONSchema(schema, { io: 'input' });
    const [described = written] = Object.values(written.$defs ?? {});
    expect(described.required).toEqual(['type', 'payload']);
    expect(described.additionalProperties).toBe(false);
    expect(described.properties).toHaveProperty('orderingKey');
  });
});

describe('a client id', () => {
  const nowMs = Date.UTC(2026, 9, 1, 12);
  const hour = 3_600_000;

  test.each([0, -24 * hour, 5 * 60_000, -hour])('may be %d ms away from now', (offsetMs) => {
    expect(() => checkClientId(newId(nowMs + offsetMs), nowMs)).not.toThrow();
  });

  test.each([-24 * hour - 1, 5 * 60_000 + 1, 365 * 24 * hour, -365 * 24 * hour])(
    'may not be %d ms away from now',
    (offsetMs) => {
      const error = refusal(() => checkClientId(newId(nowMs + offsetMs), nowMs));
      expect(error).toMatchObject({ code: 'invalid', fields: [{ path: 'id' }] });
    },
  );

  test('must be a UUIDv7', () => {
    expect(refusal(() => checkClientId(crypto.randomUUID(), nowMs)).code).toBe('invalid');
  });
});

describe('an idempotency key', () => {
  test.each(['a', '!~', 'x'.repeat(255)])('may be %j', (key) => {
    expect(() => checkIdempotencyKey(key)).not.toThrow();
  });

  test.each(['', ' ', 'a b', 'a\t', 'é', '\x7f', 'x'.repeat(256), 'a\n'])(
    'may not be %j',
    (key) => {
      const error = refusal(() => checkIdempotencyKey(key));
      expect(error).toMatchObject({ code: 'invalid', fields: [{ path: 'Idempotency-Key' }] });
    },
  );
});

describe('the fingerprint of an event', () => {
  const base = eventFingerprint('a', '{"x":1}', 'k', { one: '1', two: '2' });

  test('is 32 bytes in hex and does not depend on the order of metadata', () => {
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(eventFingerprint('a', '{"x":1}', 'k', { two: '2', one: '1' })).toBe(base);
    expect(eventFingerprint('a', '1', null, {})).toBe(eventFingerprint('a', '1', null, null));
  });

  test('differs when anything else does', () => {
    const all = [
      base,
      eventFingerprint('b', '{"x":1}', 'k', { one: '1', two: '2' }),
      eventFingerprint('a', '{"x": 1}', 'k', { one: '1', two: '2' }),
      eventFingerprint('a', '{"x":1}', 'K', { one: '1', two: '2' }),
      eventFingerprint('a', '{"x":1}', null, { one: '1', two: '2' }),
      eventFingerprint('a', '{"x":1}', '', { one: '1', two: '2' }),
      eventFingerprint('a', '{"x":1}', 'k', { one: '1', two: '' }),
      eventFingerprint('a', '{"x":1}', 'k', { one: '2', two: '1' }),
      eventFingerprint('a', '{"x":1}', 'k', { 'one","1': '', two: '2' }),
      eventFingerprint('a', '{"x":1}', 'k', {}),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});

/** JSON as clients of all kinds write it: spaces, odd numbers, escapes, braces inside strings. */
function randomJson(random: SeededRandom, depth: number): string {
  const space = () => random.pick(['', '', '', ' ', '\n\t ']);
  const kind = random.below(depth > 0 ? 6 : 4);
  if (kind === 0) return random.pick(['0', '-1', '1.50', '1e5', '2E-3', '100000000000000000001']);
  if (kind === 1) return random.pick(['null', 'true', 'false']);
  if (kind < 4) return randomString(random);
  const items = Array.from({ length: random.below(4) }, () => {
    const value = `${space()}${randomJson(random, depth - 1)}${space()}`;
    return kind === 4 ? value : `${space()}${randomString(random)}${space()}:${value}`;
  });
  return kind === 4 ? `[${items.join(',')}]` : `{${items.join(',')}}`;
}

function randomString(random: SeededRandom): string {
  const parts = [
    'a',
    'é',
    '😀',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\"',
    '\\\\',
    '\\u005c',
    '\\/',
    ' ',
  ];
  return `"${Array.from({ length: random.below(8) }, () => random.pick(parts)).join('')}"`;
}

function randomEvent(random: SeededRandom, payload: string) {
  const metadata = { [String(JSON.parse(randomString(random)))]: 'payload' };
  const space = () => random.pick(['', ' ', '\r\n']);
  const members = [
    `"type"${space()}:${space()}"a.b"`,
    `${random.pick(['"payload"', '"p\\u0061yload"'])}${space()}:${space()}${payload}${space()}`,
    `"metadata":${space()}${JSON.stringify(metadata)}`,
    `"orderingKey":"\\\\"${space()}`,
  ];
  const start = random.below(members.length);
  const turned = [...members.slice(start), ...members.slice(0, start)];
  return {
    text: `${space()}{${space()}${turned.join(`${space()},${space()}`)}}${space()}`,
    metadata,
  };
}

import { describe, expect, test } from 'bun:test';
import { AppError } from '../../src/domain/errors.ts';
import { cutJsonBatch, cutNdjsonBatch } from '../../src/domain/event-batch.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** What it is cut into, or the code of its refusal. */
function cut(text: string, by = cutJsonBatch): string[] | string {
  try {
    return by(text);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a JSON batch', () => {
  test('is cut into its events as they stand', () => {
    const events = ['{"a" : 1.50, "b":"]}\\"" }', '[1,[2]]', ' null', '"\\u00e9,"', '-0.0e1'];
    const text = ` { "events" : [${events.join(' ,\n')} ] } `;
    expect(cut(text)).toEqual(events.map((event) => event.trim()));
    expect(cut('{"\\u0065vents":[1]}')).toEqual(['1']);
    expect(cut('{"events":[]}')).toEqual([]);
  });

  test.each([
    ['', 'malformed'],
    [' \n', 'malformed'],
    ['{"events":[1}', 'malformed'],
    ['{"events":[1 2]}', 'malformed'],
    ['{"events":[1,]}', 'malformed'],
    ['{"events":[{}.5]}', 'malformed'],
    ['{"events":[1]}x', 'malformed'],
    ['[1]', 'invalid'],
    ['["events",[1]]', 'invalid'],
    ['"events"', 'invalid'],
    ['{}', 'invalid'],
    ['{"events":{"a":1}}', 'invalid'],
    ['{"events":"[1]"}', 'invalid'],
    ['{"events":null}', 'invalid'],
    ['{"events":[1],"projectId":1}', 'invalid'],
    ['{"events":[1],"events":[2]}', 'invalid'],
    ['{"events":[1],"\\u0065vents":[2]}', 'invalid'],
    ['{"__proto__":1,"events":[2]}', 'invalid'],
  ])('of %j is refused as %s', (text, code) => {
    expect(cut(text)).toBe(code);
  });

  test('of 1000 events is taken, of one more refused', () => {
    const of = (count: number) => `{"events":[${Array(count).fill('{}').join()}]}`;
    expect(cut(of(1_000))).toHaveLength(1_000);
    expect(cut(of(1_001))).toBe('invalid');
  });

  test('is taken with JSON events exactly when the whole is JSON of the shape', () => {
    const random = seededRandom(1_000);
    const pieces = ['{"events":[', ']}', '{', '}', '[', ']', ',', '1', '"', ':', ' ', '\\', 'null'];
    const whole = '{"events":[{"type":"a","payload":[1,"]"]},[],"x\\"y",null ]}';
    let taken = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const at = random.below(whole.length);
      const dropped = random.below(3);
      const text = whole.slice(0, at) + random.pick(pieces) + whole.slice(at + dropped);
      const events = cut(text);
      const accepts = Array.isArray(events) && events.every(isJson);
      const parsed = isJson(text) ? JSON.parse(text) : null;
      const fits = Array.isArray(parsed?.events) && Object.keys(parsed).length === 1;
      if (accepts !== fits) throw new Error(`${text}: ${JSON.stringify(events)}`);
      if (!accepts) continue;
      taken += 1;
      if (!Array.isArray(events)) throw new Error('unreachable');
      expect(events.map((event) => JSON.parse(event))).toEqual(parsed.events);
    }
    expect(taken).toBeGreaterThan(500);
  });
});

describe('an NDJSON batch', () => {
  const lines = (text: string) => cut(text, cutNdjsonBatch);

  test('is a line for each event, with LF or CRLF, the last one ended or not', () => {
    expect(lines('{"a":1}\n{"b":"\\n"}')).toEqual(['{"a":1}', '{"b":"\\n"}']);
    expect(lines('{"a":1}\r\n\r\n \t\n{"b":2}\r\n')).toEqual(['{"a":1}\r', '{"b":2}\r']);
    expect(lines('\n\n1\n\n')).toEqual(['1']);
  });

  test('without an event is empty, and of more than 1000 too long', () => {
    expect(lines('')).toBe('malformed');
    expect(lines(' \r\n\n')).toBe('malformed');
    expect(lines('1\n\n'.repeat(1_000))).toHaveLength(1_000);
    expect(lines('1\n'.repeat(1_001))).toBe('invalid');
  });
});

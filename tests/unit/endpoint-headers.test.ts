import { describe, expect, test } from 'bun:test';
import {
  checkEndpointHeaders,
  headerNameLengthMax,
  headerValueLengthMax,
  maskedValue,
  maskHeaders,
  ownHeadersMax,
} from '../../src/domain/endpoint-headers.ts';
import { AppError, type FieldError } from '../../src/domain/errors.ts';

function problems(headers: Record<string, string>): FieldError[] {
  try {
    checkEndpointHeaders(headers);
    return [];
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return error.fields;
    throw error;
  }
}

function manyHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'v']));
}

describe("an endpoint's own headers", () => {
  test('may be what receivers ask for', () => {
    expect(
      problems({
        Authorization: 'Bearer abc.def',
        'X-Api-Key': '',
        cookie: 'a=b; c="d"',
        "!#$%&'*+-.^_`|~9": 'tab\there',
        Hostname: 'x',
        'x-webhook-id': 'x',
        ['n'.repeat(headerNameLengthMax)]: 'v'.repeat(headerValueLengthMax),
      }),
    ).toEqual([]);
    expect(problems({})).toEqual([]);
  });

  test.each([
    'host',
    'Host',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'http2-settings',
    'expect',
    'webhook-id',
    'Webhook-Anything',
    'opsforge-attempt',
    'Proxy-Authorization',
    'proxy-connection',
  ])('may not be %s', (name) => {
    expect(problems({ [name]: 'v' })).toEqual([
      { path: `headers.${name}`, message: 'is set by opsforge and cannot be given' },
    ]);
  });

  test.each(['', 'a b', 'a:', ':authority', 'é', 'a\r\nb', 'a\0', '(x)', ' host', 'host '])(
    'may not be named %j',
    (name) => {
      expect(problems({ [name]: 'v' })[0]?.message).toBe('is not a header name');
    },
  );

  test.each(['a\r\nb: c', '\n', 'a\rb', '\0', 'é', '\x7f', '😀', '\x1b[0m'])(
    'may not hold %j',
    (value) => {
      expect(problems({ 'x-a': value })).toMatchObject([{ path: 'headers.x-a' }]);
    },
  );

  test('may not differ in case only', () => {
    expect(problems({ 'X-A': '1', 'x-a': '2' })).toEqual([
      { path: 'headers.x-a', message: 'stands twice (names differ in case only)' },
    ]);
  });

  test('are bounded in number and size', () => {
    expect(problems(manyHeaders(ownHeadersMax))).toEqual([]);
    expect(problems(manyHeaders(ownHeadersMax + 1))).toMatchObject([{ path: 'headers' }]);
    expect(problems({ ['n'.repeat(headerNameLengthMax + 1)]: 'v' })[0]?.message).toContain('128');
    expect(problems({ 'x-a': 'v'.repeat(headerValueLengthMax + 1) })[0]?.message).toContain('4096');
  });

  test('are masked in what is recorded, whatever their case', () => {
    const sent = { authorization: 'Bearer s3cret', 'content-type': 'application/json', 'X-A': '1' };
    expect(maskHeaders(sent, ['Authorization', 'x-a'])).toEqual({
      authorization: maskedValue,
      'content-type': 'application/json',
      'X-A': maskedValue,
    });
    expect(sent.authorization).toBe('Bearer s3cret');
  });

  test('named __proto__ are masked like any other', () => {
    const sent = JSON.parse('{"__proto__":"s3cret","a":"b"}');
    const masked = maskHeaders(sent, ['__proto__']);
    expect(JSON.stringify(masked)).toBe(`{"__proto__":"${maskedValue}","a":"b"}`);
  });
});

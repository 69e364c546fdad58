/** What a sender's message becomes: its type, its key against repeats, its payload, its labels. */
import { describe, expect, test } from 'bun:test';
import { readEnvelope } from '../../../src/domain/event-envelope.ts';
import { readSourceBody } from '../../../src/domain/sources/body.ts';
import { sourceEventType, sourceKey, sourceMetadata } from '../../../src/domain/sources/event.ts';
import { sourceRules } from '../../../src/domain/sources/kinds.ts';
import type { SourceContent, SourceKind } from '../../../src/domain/sources/source.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const id = '01a20994-d3b4-7263-a0f4-8fc342a06c2f';

function content(
  headers: Record<string, string>,
  body: unknown = {},
  contentType = 'application/json',
): SourceContent {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { value, form } = readSourceBody(Buffer.from(text), contentType);
  return { headers: new Headers(headers), settings: { idHeader: 'x-id' }, value, form };
}
const formType = 'application/x-www-form-urlencoded';

describe('the type', () => {
  test.each([
    ['github', content({ 'x-github-event': 'push' }), 'github.push'],
    [
      'github',
      content({ 'x-github-event': 'issues' }, { action: 'opened' }),
      'github.issues.opened',
    ],
    [
      'github',
      content(
        { 'x-github-event': 'star' },
        `payload=${encodeURIComponent('{"action":"created"}')}`,
        formType,
      ),
      'github.star.created',
    ],
    ['stripe', content({}, { type: 'invoice.paid' }), 'stripe.invoice.paid'],
    ['shopify', content({ 'x-shopify-topic': 'orders/create' }), 'shopify.orders.create'],
    ['slack', content({}, { type: 'event_callback', event: { type: 'message' } }), 'slack.message'],
    ['slack', content({}, 'command=%2Fdeploy&text=', formType), 'slack.command'],
    ['slack', content({}, 'payload=%7B%22type%22%3A%22shortcut%22%7D', formType), 'slack.shortcut'],
    ['gitlab', content({}, { object_kind: 'merge_request' }), 'gitlab.merge_request'],
    ['gitlab', content({}, { event_name: 'user_create' }), 'gitlab.user_create'],
    ['twilio', content({}, 'MessageStatus=delivered', formType), 'twilio.message.delivered'],
    ['twilio', content({}, 'CallStatus=no-answer', formType), 'twilio.call.no-answer'],
    ['standard', content({}, { type: 'user.created' }), 'standard.user.created'],
    ['alertmanager', content({}, { status: 'firing' }), 'alertmanager.firing'],
    ['hmac', content({}, { type: 'a' }), 'source.my-sender'],
    ['github', content({}), 'source.my-sender'],
    ['stripe', content({}, 'not json', 'text/plain'), 'source.my-sender'],
    ['stripe', content({}, { type: 5 }), 'source.my-sender'],
    ['stripe', content({}, { type: ' .../ ' }), 'source.my-sender'],
    ['stripe', content({}, { type: '../a b/ü"é' }), 'stripe.a.b.---'],
    ['stripe', content({}, { type: 'a'.repeat(500) }), `stripe.${'a'.repeat(121)}`],
  ] as [SourceKind, SourceContent, string][])('of %s: %j → %s', (kind, message, expected) => {
    const source = { kind, name: 'My Sender', eventType: null };
    expect(sourceEventType(source, message)).toBe(expected);
  });

  test('is what the template makes of it', () => {
    const type = (eventType: string) =>
      sourceEventType(
        { kind: 'github', name: 'a', eventType },
        content({ 'x-github-event': 'push' }),
      );
    expect(type('code.{type}')).toBe('code.github.push');
    expect(type('code.changed')).toBe('code.changed');
    expect(type('{type}')).toBe('github.push');
    expect(type(`${'a'.repeat(127)}.{type}`)).toBe('a'.repeat(127));
  });

  test('is always one that posted events may have (seeded)', () => {
    const random = seededRandom(7);
    for (let run = 0; run < 500; run += 1) {
      const said = Array.from({ length: random.below(200) }, () =>
        random.pick(['a', '.', '/', ' ', 'é', '-', '_', '"', '\u0000', '{type}', '$&', 'Z9']),
      ).join('');
      const name = random.pick(['Ä', '漢字', 'a b', '...']);
      const source = { kind: 'stripe' as const, name, eventType: random.pick([null, 'a.{type}']) };
      const type = sourceEventType(source, content({}, { type: said }));
      expect(() => readEnvelope(JSON.stringify({ type, payload: 1 }))).not.toThrow();
    }
  });
});

describe('the key against repeats', () => {
  const keyOf = (kind: SourceKind, message: SourceContent) => sourceKey({ id, kind }, message);

  test.each([
    ['github', content({ 'x-github-delivery': 'd-1' }), 'd-1'],
    ['stripe', content({}, { id: 'evt_1' }), 'evt_1'],
    ['shopify', content({ 'x-shopify-webhook-id': 'w' }), 'w'],
    ['slack', content({}, { event_id: 'Ev1' }), 'Ev1'],
    ['gitlab', content({ 'idempotency-key': 'g' }), 'g'],
    ['standard', content({ 'webhook-id': 'msg_1' }), 'msg_1'],
    ['standard', content({ 'svix-id': 'msg_2' }), 'msg_2'],
    ['hmac', content({ 'x-id': 'h' }), 'h'],
    ['twilio', content({ 'i-twilio-idempotency-token': 't' }), 't'],
  ] as [SourceKind, SourceContent, string][])("is %s's own id: %j", (kind, message, expected) => {
    expect(keyOf(kind, message)).toBe(`source:${id}:${expected}`);
  });

  test('is none where the sender gives none', () => {
    for (const kind of Object.keys(sourceRules) as SourceKind[]) {
      expect(keyOf(kind, content({}))).toBe(null);
    }
    expect(keyOf('stripe', content({}, { id: 5 }))).toBe(null);
  });

  test('is a hash where the id is no key, another for each id', () => {
    const long = keyOf('stripe', content({}, { id: 'a'.repeat(500) }));
    const odd = keyOf('stripe', content({}, { id: 'a b\u0000é' }));
    expect(long).toMatch(/^[\x21-\x7e]{1,255}$/);
    expect(odd).toMatch(/^source:[^ ]+:sha256:[0-9a-f]{64}$/);
    expect(long).not.toBe(odd);
  });
});

describe('the payload', () => {
  const read = (bytes: string | Uint8Array, contentType = 'application/json') =>
    readSourceBody(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, contentType);

  test('is JSON as it stood, whatever the content type says', () => {
    const text = '{"b": 1.0,\n "a":"\\u00e9", "a": 1e400}';
    expect(read(text)).toMatchObject({ payload: text, form: null });
    expect(read(text, '').payload).toBe(text);
    expect(read('null').payload).toBe('null');
    expect(read('{"a": 1}', formType)).toMatchObject({ payload: '{"a": 1}', form: null });
    expect(read('12', formType).payload).toBe('{"body":"12","form":{"12":""}}');
  });

  test('holds a form post as its text and its fields', () => {
    const { payload, form } = read('a=1&b=%C3%A9+x&a=2&__proto__=p', `${formType}; charset=utf-8`);
    expect(payload).toBe(
      '{"body":"a=1&b=%C3%A9+x&a=2&__proto__=p","form":{"a":"2","b":"é x","__proto__":"p"}}',
    );
    expect(form?.get('b')).toBe('é x');
  });

  test('holds other text as it is, and what is no text as base64', () => {
    expect(read('a\n"b"', 'text/plain').payload).toBe('{"body":"a\\n\\"b\\""}');
    expect(read('').payload).toBe('{"body":""}');
    expect(read('1,"type":"evil"').payload).toBe('{"body":"1,\\"type\\":\\"evil\\""}');
    expect(read(Uint8Array.of(0xff, 0x00)).payload).toBe('{"bodyBase64":"/wA="}');
    expect(read(`\ufeff{"a":1}`).payload).toBe('{"body":"\ufeff{\\"a\\":1}"}');
  });
});

test('labels are the source and the headers that its kind keeps, no signature among them', () => {
  const message = content({
    ...{ 'x-github-event': 'push', 'x-github-delivery': 'd', 'user-agent': 'GitHub-Hookshot' },
    ...{ 'x-hub-signature-256': 'sha256=ab', authorization: 'Bearer secret' },
  });
  expect(sourceMetadata({ id, kind: 'github' }, message)).toEqual({
    ...{ 'source-id': id, 'source-kind': 'github' },
    ...{ 'x-github-event': 'push', 'x-github-delivery': 'd' },
  });
  const long = content({ 'x-shopify-topic': 'a'.repeat(5_000), 'x-shopify-shop-domain': 'é' });
  expect(sourceMetadata({ id, kind: 'shopify' }, long)).toMatchObject({
    ...{ 'x-shopify-topic': 'a'.repeat(1_024), 'x-shopify-shop-domain': '?' },
  });
});

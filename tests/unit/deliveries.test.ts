import { describe, expect, test } from 'bun:test';
import {
  type DeliveryChange,
  type DeliveryStatus,
  deliveryStatuses,
  judgeAnswer,
  nextStatus,
  type SendResult,
} from '../../src/domain/deliveries.ts';

const nowMs = Date.UTC(2026, 9, 21, 7, 27, 0);

function answer(statusCode: number, headers: Record<string, string> = {}): SendResult {
  return { kind: 'answer', statusCode, headers };
}

const judge = (result: SendResult) => judgeAnswer(result, nowMs);

describe('the state of a delivery', () => {
  const afterwards: Record<DeliveryChange, (DeliveryStatus | null)[]> = {
    attempt_succeeded: ['delivered', null, null, null],
    attempt_failed: ['pending', null, null, null],
    given_up: ['failed', null, null, null],
    cancelled: ['cancelled', null, null, null],
    manual_succeeded: ['delivered', 'delivered', 'delivered', 'delivered'],
    manual_failed: ['pending', 'delivered', 'failed', 'cancelled'],
  };

  test.each(Object.entries(afterwards))('after %s is as the table says', (change, expected) => {
    const actual = deliveryStatuses.map((status) => nextStatus(status, change as DeliveryChange));
    expect(actual).toEqual(expected);
  });
});

describe('an answer', () => {
  test.each([200, 201, 204, 299])('%d is success', (statusCode) => {
    expect(judge(answer(statusCode))).toEqual({ kind: 'delivered' });
  });

  test('of 2xx is success whatever its headers say', () => {
    const headers = { 'webhook-delivery': 'abort-message', 'retry-after': '60' };
    expect(judge(answer(200, headers))).toEqual({ kind: 'delivered' });
  });

  test.each([
    101, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 408, 413, 500, 502, 503, 504, 599,
  ])('%d is tried again', (statusCode) => {
    const judged = judge(answer(statusCode));
    expect(judged.kind).toBe('retry');
    expect(judged).toHaveProperty('lastError', expect.stringContaining(String(statusCode)));
  });

  test('that redirects says where to, in bounded length', () => {
    const moved = judge(answer(301, { location: 'https://example.com/new' }));
    expect(moved).toEqual({
      kind: 'retry',
      lastError:
        'The endpoint answered 301, a redirect to https://example.com/new; ' +
        "none is followed: correct the endpoint's URL.",
    });
    const long = judge(answer(302, { location: 'x'.repeat(5000) }));
    expect(long.kind === 'retry' && long.lastError.length).toBeLessThan(400);
  });

  test('of 410 disables the endpoint', () => {
    expect(judge(answer(410)).kind).toBe('gone');
    expect(judge(answer(410, { 'webhook-delivery': 'abort-message' })).kind).toBe('gone');
  });

  test.each([400, 429, 500, 503, 302])(
    'of %d with abort-message ends the delivery',
    (statusCode) => {
      const headers = { 'webhook-delivery': ' Abort-Message ', 'retry-after': '60' };
      expect(judge(answer(statusCode, headers)).kind).toBe('aborted');
    },
  );

  test('with another webhook-delivery header is judged as without', () => {
    expect(judge(answer(500, { 'webhook-delivery': 'later' })).kind).toBe('retry');
  });

  test.each([
    [429, '30', 30_000],
    [503, '30', 30_000],
    [503, 'Wed, 21 Oct 2026 07:28:00 GMT', 60_000],
    [503, '0', 0],
    [429, 'soon', null],
    [429, undefined, null],
  ])('of %d with Retry-After %s pauses the endpoint for %s ms', (statusCode, value, pauseMs) => {
    const headers: Record<string, string> = value === undefined ? {} : { 'retry-after': value };
    expect(judge(answer(statusCode, headers))).toMatchObject({ kind: 'pause', pauseMs });
  });

  test.each([
    [503, {}],
    [503, { 'retry-after': '-1' }],
    [500, { 'retry-after': '60' }],
    [301, { 'retry-after': '60' }],
  ] as const)('of %d with %j pauses nothing', (statusCode, headers) => {
    expect(judge(answer(statusCode, headers)).kind).toBe('retry');
  });
});

test('an error is tried again and told with its code', () => {
  const error = { code: 'timeout', message: 'No answer within 15000 ms.' };
  expect(judge({ kind: 'error', error })).toEqual({
    kind: 'retry',
    lastError: 'timeout: No answer within 15000 ms.',
  });
});

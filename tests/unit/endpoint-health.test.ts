import { describe, expect, test } from 'bun:test';
import type { Verdict } from '../../src/domain/dispatch/circuit-breaker.ts';
import { EndpointHealth } from '../../src/domain/dispatch/endpoint-health.ts';
import { decideNextStep } from '../../src/domain/dispatch/next-step.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function end(health: EndpointHealth, verdict: Verdict, nowMs: number) {
  const round = health.breaker.start();
  return health.end(round, { verdict, startedAtMs: nowMs - 10, nowMs, random: 0.5 });
}

describe('the health of an endpoint', () => {
  test('turns to failing by the fourth failure in a row, once, since the first', () => {
    const health = new EndpointHealth();
    const turns = [1, 2, 3, 4, 5, 6].map((at) => end(health, 'failure', at * 1_000));
    expect(turns).toEqual([
      ...[null, null, null],
      { kind: 'failing', sinceMs: 990, by: 'failures_in_a_row' },
      ...[null, null],
    ]);
  });

  test('turns to failing when its breaker opens by failures that are not in a row', () => {
    const health = new EndpointHealth();
    const turns = Array.from({ length: 60 }, (_, at) => {
      if (!health.breaker.mayStart(at)) return null;
      return end(health, at % 2 === 0 ? 'failure' : 'success', at);
    });
    expect(turns.filter((turn) => turn !== null)).toEqual([
      { kind: 'failing', sinceMs: expect.any(Number), by: 'circuit_breaker' },
    ]);
  });

  test('turns back by a success, and is quiet for five minutes then', () => {
    const health = new EndpointHealth();
    for (let at = 1; at <= 4; at += 1) end(health, 'failure', at);
    expect(end(health, 'success', 5)).toEqual({ kind: 'recovered' });
    expect(end(health, 'success', 6)).toBeNull();
    for (let at = 7; at <= 15; at += 1) expect(end(health, 'failure', at)).toBeNull();
    const late = 5 + 5 * minuteMs;
    expect(end(health, 'failure', late)).toMatchObject({ kind: 'failing', sinceMs: -3 });
  });

  test('is not said to be back by what was in flight when its breaker opened', () => {
    const health = new EndpointHealth();
    const round = health.breaker.start();
    for (let at = 1; at <= 10; at += 1) end(health, 'failure', at);
    const ended = { verdict: 'success' as const, startedAtMs: 0, nowMs: 11, random: 0.5 };
    expect(health.end(round, ended)).toBeNull();
    expect(health.failingSinceMs).toBe(-9);
  });

  test('ends after five days of nothing but failure, by a failure', () => {
    const health = new EndpointHealth();
    health.failingSinceMs = 0;
    expect(end(health, 'failure', 5 * dayMs - 1)).toBeNull();
    expect(end(health, 'deliberate', 5 * dayMs)).toBeNull();
    expect(end(health, 'failure', 5 * dayMs)).toEqual({ kind: 'failed_for_days' });
  });

  test('is fresh again after a success, so that memory follows the work', () => {
    const health = new EndpointHealth();
    end(health, 'failure', 1);
    expect(health.isFresh).toBe(false);
    for (let at = 0; at < 60; at += 1) end(health, 'success', at);
    expect(health.isFresh).toBe(true);
  });
});

describe('an answer', () => {
  test.each<[string, number, Record<string, string>, Verdict]>([
    ['success', 204, {}, 'success'],
    ['an error', 500, {}, 'failure'],
    ['a redirect', 301, { location: 'https://elsewhere.example/' }, 'failure'],
    ['503 alone', 503, {}, 'failure'],
    ['503 with Retry-After', 503, { 'retry-after': '5' }, 'deliberate'],
    ['429', 429, {}, 'deliberate'],
    ['410', 410, {}, 'deliberate'],
    ['a refusal of the message', 422, { 'webhook-delivery': 'abort-message' }, 'deliberate'],
  ])('of %s (%d %o) says %s', (_, statusCode, headers, verdict) => {
    const decided = decideNextStep({
      result: { kind: 'answer', statusCode, headers },
      ...{ attemptsBefore: 0, manual: false, retrySchedule: [5], nowMs: 0, random: 0.5 },
    });
    expect(decided.verdict).toBe(verdict);
  });

  test.each<[string, Verdict]>([
    ['timeout', 'failure'],
    ['internal_error', 'unknown'],
  ])('that is none (%s) says %s', (code, verdict) => {
    const decided = decideNextStep({
      result: { kind: 'error', error: { code, message: '' } },
      ...{ attemptsBefore: 0, manual: false, retrySchedule: [5], nowMs: 0, random: 0.5 },
    });
    expect(decided.verdict).toBe(verdict);
  });
});

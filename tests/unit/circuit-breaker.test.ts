import { describe, expect, test } from 'bun:test';
import { CircuitBreaker, type Verdict } from '../../src/domain/dispatch/circuit-breaker.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** One attempt from start to end; true when the breaker opens by it. */
function attempt(breaker: CircuitBreaker, verdict: Verdict, nowMs = 0, random = 0.5): boolean {
  expect(breaker.mayStart(nowMs)).toBe(true);
  return breaker.end(breaker.start(), { verdict, nowMs, random });
}

function opened(nowMs = 0): CircuitBreaker {
  const breaker = new CircuitBreaker();
  for (let failure = 0; failure < 10; failure += 1) attempt(breaker, 'failure', nowMs);
  return breaker;
}

describe('a closed breaker', () => {
  test('opens by ten failures in a row and not by nine', () => {
    const breaker = new CircuitBreaker();
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < 9; failure += 1) {
        expect(attempt(breaker, 'failure')).toBe(false);
      }
      attempt(breaker, 'success');
      for (let success = 0; success < 60; success += 1) attempt(breaker, 'success');
    }
    for (let failure = 0; failure < 9; failure += 1) attempt(breaker, 'failure');
    expect(breaker.isClosed).toBe(true);
    expect(attempt(breaker, 'failure')).toBe(true);
    expect(breaker.mayStart(0)).toBe(false);
  });

  test('opens when half of the last fifty failed', () => {
    const breaker = new CircuitBreaker();
    const turns = Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? 'success' : 'failure'));
    // A first failure is where remembering begins.
    const verdicts = ['failure', ...turns.slice(0, 49)] as Verdict[];
    expect(verdicts.map((verdict) => attempt(breaker, verdict)).indexOf(true)).toBe(-1);
    expect(attempt(breaker, 'failure')).toBe(true);
  });

  test('stays closed when four of ten fail, however long', () => {
    const breaker = new CircuitBreaker();
    for (let number = 0; number < 1_000; number += 1) {
      expect(attempt(breaker, number % 10 < 4 ? 'failure' : 'success')).toBe(false);
    }
  });

  test('takes neither what the receiver decided nor what says nothing for a failure', () => {
    const breaker = new CircuitBreaker();
    for (let number = 0; number < 100; number += 1) {
      attempt(breaker, 'deliberate');
      attempt(breaker, 'unknown');
    }
    expect(breaker.isClosed).toBe(true);
    expect(breaker.isFresh).toBe(true);
  });
});

describe('an open breaker', () => {
  test('lets one probe go after its time, and closes when that succeeds', () => {
    const breaker = opened();
    expect(breaker.openUntilMs).toBe(30_000);
    expect(breaker.mayStart(29_999)).toBe(false);
    expect(breaker.mayStart(30_000)).toBe(true);
    const round = breaker.start();
    expect(breaker.mayStart(40_000)).toBe(false);
    breaker.end(round, { verdict: 'success', nowMs: 40_000, random: 0.5 });
    expect(breaker.isClosed).toBe(true);
    for (let failure = 0; failure < 9; failure += 1) attempt(breaker, 'failure');
    expect(breaker.isClosed).toBe(true);
  });

  test('opens again for twice as long by a probe that fails, up to ten minutes', () => {
    const breaker = opened();
    const openings: number[] = [];
    for (let probe = 0; probe < 7; probe += 1) {
      const nowMs = breaker.openUntilMs;
      expect(attempt(breaker, 'failure', nowMs)).toBe(true);
      openings.push((breaker.openUntilMs - nowMs) / 1_000);
    }
    expect(openings).toEqual([60, 120, 240, 480, 600, 600, 600]);
  });

  test('varies its times by a fifth, so that many do not come back together', () => {
    const random = seededRandom(7).next;
    const times = Array.from({ length: 200 }, () => {
      const breaker = new CircuitBreaker();
      for (let failure = 0; failure < 9; failure += 1) attempt(breaker, 'failure');
      attempt(breaker, 'failure', 0, random());
      return breaker.openUntilMs;
    });
    expect(Math.min(...times)).toBeGreaterThanOrEqual(24_000);
    expect(Math.max(...times)).toBeLessThanOrEqual(36_000);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(10_000);
  });

  test('takes no notice of attempts that were in flight when it opened', () => {
    const breaker = new CircuitBreaker();
    const rounds = Array.from({ length: 14 }, () => breaker.start());
    const ends = rounds.map((round, at) => {
      const verdict = at < 12 ? ('failure' as const) : ('success' as const);
      return breaker.end(round, { verdict, nowMs: at, random: 0.5 });
    });
    expect(ends.filter((end) => end)).toHaveLength(1);
    expect(breaker.openUntilMs).toBe(30_009);
    expect(breaker.isClosed).toBe(false);
  });

  test('is closed by a probe that the receiver answered as it wished', () => {
    const breaker = opened();
    attempt(breaker, 'deliberate', 30_000);
    expect(breaker.isClosed).toBe(true);
  });

  test('probes again at once when the probe was stopped from here', () => {
    const breaker = opened();
    attempt(breaker, 'unknown', 30_000);
    expect(breaker.isClosed).toBe(false);
    expect(breaker.mayStart(30_000)).toBe(true);
    expect(attempt(breaker, 'failure', 30_000)).toBe(true);
    expect(breaker.openUntilMs).toBe(90_000);
  });

  test('is asked at once when people say so, and then opens as for the first time', () => {
    const breaker = opened();
    attempt(breaker, 'failure', 30_000);
    breaker.askAgain();
    expect(attempt(breaker, 'failure', 31_000)).toBe(true);
    expect(breaker.openUntilMs).toBe(61_000);
    breaker.askAgain();
    attempt(breaker, 'success', 32_000);
    expect(breaker.isClosed).toBe(true);
  });

  test('of a leader before is open until its time, then probes', () => {
    const breaker = new CircuitBreaker();
    breaker.adopt(5_000);
    expect(breaker.mayStart(4_999)).toBe(false);
    expect(attempt(breaker, 'failure', 5_000)).toBe(true);
    expect(breaker.openUntilMs).toBe(65_000);
  });
});

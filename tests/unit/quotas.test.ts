import { describe, expect, test } from 'bun:test';
import { forecastMs, quotaUses } from '../../src/domain/quotas.ts';

const at = (text: string) => Date.parse(text);
const events = (used: number) => ({ name: 'eventsPerMonth' as const, limit: 1_000, used });
const bytes = (used: number) => ({ name: 'storedBytes' as const, limit: 1_000, used });

describe('the forecast of a quota', () => {
  test('goes on at the pace of the month', () => {
    expect(forecastMs(events(500), at('2026-04-11T00:00:00Z'), 0)).toBe(at('2026-04-21T00:00:00Z'));
  });

  test('is null when the month ends first, and now when it is used up', () => {
    const nowMs = at('2026-04-16T00:00:00Z');
    expect(forecastMs(events(499), nowMs, 0)).toBeNull();
    expect(forecastMs(events(1_000), nowMs, 0)).toBe(nowMs);
    expect(forecastMs(events(0), nowMs, 0)).toBeNull();
    expect(forecastMs(events(1), at('2026-04-01T00:00:00Z'), 0)).toBeNull();
  });

  test('of stored bytes goes by their growth in a week, and is null when there is none', () => {
    const nowMs = at('2026-04-30T00:00:00Z');
    expect(forecastMs(bytes(800), nowMs, 700)).toBe(at('2026-05-14T00:00:00Z'));
    expect(forecastMs(bytes(800), nowMs, 800)).toBeNull();
    expect(forecastMs(bytes(800), nowMs, 900)).toBeNull();
  });
});

test('only quotas that there are have a use', () => {
  const used = { eventsPerMonth: 5, storedBytes: 7 };
  expect(quotaUses({ eventsPerMonth: null, storedBytes: null }, used)).toEqual([]);
  expect(quotaUses({ eventsPerMonth: null, storedBytes: 9 }, used)).toEqual([
    { name: 'storedBytes', limit: 9, used: 7 },
  ]);
});

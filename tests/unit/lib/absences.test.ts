/** What is remembered as not there: for how long, how many, and what news does to it. */
import { expect, test } from 'bun:test';
import { createAbsences } from '../../../src/lib/absences.ts';

function arrange() {
  const state = { nowMs: 0, trusted: true };
  const absences = createAbsences({
    ...{ entriesMax: 3, ageMsMax: 1_000 },
    trusted: () => state.trusted,
    monotonicMs: () => state.nowMs,
  });
  const note = (key: string) => absences.beforeLooking()(key);
  return { absences, state, note };
}

test('what was not found is remembered for its time, and only while news comes through', () => {
  const { absences, state, note } = arrange();
  expect(absences.has('a')).toBe(false);
  note('a');
  state.nowMs = 1_000;
  expect(absences.has('a')).toBe(true);
  state.trusted = false;
  expect(absences.has('a')).toBe(false);
  state.trusted = true;
  state.nowMs = 1_001;
  expect(absences.has('a')).toBe(false);
});

test('the oldest goes when there are too many', () => {
  const { absences, note } = arrange();
  for (const key of ['a', 'b', 'a', 'c', 'd']) note(key);
  expect(['a', 'b', 'c', 'd'].filter(absences.has)).toEqual(['a', 'c', 'd']);
});

test('news that comes while something is looked for makes its absence nothing', () => {
  const { absences } = arrange();
  const noteOld = absences.beforeLooking();
  absences.clear();
  noteOld('a');
  expect(absences.has('a')).toBe(false);
  absences.beforeLooking()('a');
  expect(absences.has('a')).toBe(true);
});

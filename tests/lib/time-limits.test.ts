import { expect, test } from 'bun:test';
import { createTimeLimits } from '../../src/lib/time-limits.ts';

test('limits are called in the order of their ends, whatever the order of their beginnings', async () => {
  const limits = createTimeLimits();
  const called: string[] = [];
  const last = Promise.withResolvers<void>();
  limits.add(120, () => {
    called.push('long');
    last.resolve();
  });
  limits.add(20, () => called.push('short'));
  limits.add(60, () => called.push('middling'));
  await last.promise;
  expect(called).toEqual(['short', 'middling', 'long']);
});

test('a limit that was dropped is not called, also by the others that end', async () => {
  const limits = createTimeLimits();
  const called: string[] = [];
  const dropped = limits.add(10, () => called.push('dropped'));
  limits.drop(dropped);
  const ended = Promise.withResolvers<void>();
  limits.add(10, () => {
    called.push('ended');
    // One that begins in another's end has its own time.
    limits.add(10, ended.resolve);
  });
  await ended.promise;
  expect(called).toEqual(['ended']);
});

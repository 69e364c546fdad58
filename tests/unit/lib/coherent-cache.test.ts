import { describe, expect, test } from 'bun:test';
import { createCoherentCache } from '../../../src/lib/coherent-cache.ts';

function countingCache(options: { entriesMax?: number } = {}) {
  const state = { loads: 0, trusted: true, nowMs: 0, hold: null as Promise<void> | null };
  const cache = createCoherentCache<string, string>({
    async load(key) {
      state.loads += 1;
      const load = state.loads;
      if (state.hold !== null) await state.hold;
      return `${key}${load}`;
    },
    trusted: () => state.trusted,
    monotonicMs: () => state.nowMs,
    entriesMax: options.entriesMax ?? 10,
  });
  return { cache, state };
}

describe('a coherent cache', () => {
  test('loads once for callers that ask together and afterwards', async () => {
    const { cache, state } = countingCache();
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual(['a1', 'a1']);
    expect(await cache.get('a')).toBe('a1');
    expect(state.loads).toBe(1);
  });

  test('loads again after a drop', async () => {
    const { cache } = countingCache();
    await cache.get('a');
    cache.drop('a');
    expect(await cache.get('a')).toBe('a2');
  });

  test('does not keep what was dropped while it was being loaded', async () => {
    const { cache, state } = countingCache();
    const gate = Promise.withResolvers<void>();
    state.hold = gate.promise;
    const stale = cache.get('a');
    cache.drop('a');
    gate.resolve();
    expect(await stale).toBe('a1');
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a')).toBe('a2');
  });

  test('trusts an entry for one second only while invalidations may be missed', async () => {
    const { cache, state } = countingCache();
    await cache.get('a');
    state.trusted = false;
    state.nowMs = 1_000;
    expect(await cache.get('a')).toBe('a1');
    state.nowMs = 1_001;
    expect(await cache.get('a')).toBe('a2');
  });

  test('lets the oldest go past its bound', async () => {
    const { cache } = countingCache({ entriesMax: 2 });
    for (const key of ['a', 'b', 'c']) await cache.get(key);
    expect([cache.peek('a'), cache.peek('b'), cache.peek('c')]).toEqual([undefined, 'b2', 'c3']);
  });

  test('does not keep a failure', async () => {
    let fails = true;
    const cache = createCoherentCache<string, string>({
      load: async () => {
        if (fails) throw new Error('away');
        return 'here';
      },
      trusted: () => true,
      monotonicMs: () => 0,
      entriesMax: 1,
    });
    await expect(cache.get('a')).rejects.toThrow('away');
    fails = false;
    expect(await cache.get('a')).toBe('here');
  });

  test('drops the entries that match', async () => {
    const { cache } = countingCache();
    await cache.get('a');
    await cache.get('b');
    cache.dropWhere((value) => value.startsWith('a'));
    expect([cache.peek('a'), cache.peek('b')]).toEqual([undefined, 'b2']);
  });
});

import { describe, expect, test } from 'bun:test';
import { type BatcherOptions, createBatcher } from '../../../src/lib/batcher.ts';

type Gate = { items: number[]; open: (results?: number[]) => void; fail: (error: Error) => void };

/** A batcher over numbers whose writes wait for the test. */
function gatedBatcher(bounds: Partial<BatcherOptions<number, number>> = {}) {
  const gates: Gate[] = [];
  let arrived = Promise.withResolvers<void>();
  const batcher = createBatcher<number, number>({
    write: (items) =>
      new Promise((resolve, reject) => {
        gates.push({
          items,
          open: (results) => resolve(results ?? items.map((item) => item * 10)),
          fail: reject,
        });
        arrived.resolve();
        arrived = Promise.withResolvers();
      }),
    weigh: (item) => ({ bytes: item, rows: 1 }),
    refuse: () => new Error('full'),
    itemsMax: 3,
    bytesMax: 100,
    rowsMax: 100,
    inFlightMax: 2,
    waitingBytesMax: 1_000,
    waitingItemsMax: 10,
    besideItemsMin: 2,
    ...bounds,
  });
  const nextWrite = async (index: number) => {
    while (gates.length <= index) await arrived.promise;
    const gate = gates[index];
    if (gate === undefined) throw new Error('no such write');
    return gate;
  };
  return { batcher, gates, nextWrite };
}

describe('a batcher', () => {
  test('writes what arrives in one turn of the event loop as one group, results in order', async () => {
    const { batcher, nextWrite } = gatedBatcher();
    const results = Promise.all([1, 2, 3].map((item) => batcher.submit(item)));
    const gate = await nextWrite(0);
    expect(gate.items).toEqual([1, 2, 3]);
    gate.open();
    expect(await results).toEqual([10, 20, 30]);
  });

  test('ends a group at the bound on items, on bytes and on rows', async () => {
    for (const bounds of [{ itemsMax: 2 }, { bytesMax: 20 }, { rowsMax: 2 }]) {
      const { batcher, nextWrite } = gatedBatcher({ ...bounds, inFlightMax: 1 });
      const results = Promise.all([10, 10, 10].map((item) => batcher.submit(item)));
      const first = await nextWrite(0);
      expect(first.items).toEqual([10, 10]);
      first.open();
      (await nextWrite(1)).open();
      expect(await results).toEqual([100, 100, 100]);
    }
  });

  test('writes an item alone that is heavier than a group may be', async () => {
    const { batcher, nextWrite } = gatedBatcher({ bytesMax: 5 });
    const result = batcher.submit(50);
    (await nextWrite(0)).open();
    expect(await result).toBe(500);
  });

  test('starts a second group beside one in flight only when enough wait', async () => {
    const { batcher, gates, nextWrite } = gatedBatcher();
    const first = batcher.submit(1);
    await nextWrite(0);
    const second = batcher.submit(2);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(gates.length).toBe(1);
    const third = batcher.submit(3);
    expect((await nextWrite(1)).items).toEqual([2, 3]);
    for (const gate of gates) gate.open();
    expect(await Promise.all([first, second, third])).toEqual([10, 20, 30]);
  });

  test('refuses what would pass the bounds on what waits, and takes again once it is written', async () => {
    const { batcher, nextWrite } = gatedBatcher({ waitingItemsMax: 2, waitingBytesMax: 10 });
    const waiting = [batcher.submit(1), batcher.submit(2)];
    expect(() => batcher.submit(3)).toThrow('full');
    (await nextWrite(0)).open();
    await Promise.all(waiting);
    expect(() => batcher.submit(11)).toThrow('full');
    const later = batcher.submit(3);
    (await nextWrite(1)).open();
    expect(await later).toBe(30);
  });

  test('writes items that go together in one group, with what fits around them', async () => {
    const { batcher, nextWrite } = gatedBatcher({ inFlightMax: 1, itemsMax: 4 });
    const before = [1, 2].map((item) => batcher.submit(item));
    const together = batcher.submitTogether([3, 4, 5]);
    const after = [6, 7].map((item) => batcher.submit(item));
    expect(batcher.pending()).toBe(7);
    const first = await nextWrite(0);
    expect(first.items).toEqual([1, 2]);
    first.open();
    const second = await nextWrite(1);
    expect(second.items).toEqual([3, 4, 5, 6]);
    second.open();
    (await nextWrite(2)).open();
    expect(await Promise.all(before)).toEqual([10, 20]);
    expect(await together).toEqual([30, 40, 50]);
    expect(await Promise.all(after)).toEqual([60, 70]);
  });

  test('does not cut items that go together and are heavier than a group may be', async () => {
    const { batcher, nextWrite } = gatedBatcher({ bytesMax: 5, rowsMax: 2 });
    const result = batcher.submitTogether([20, 20, 20]);
    const gate = await nextWrite(0);
    expect(gate.items).toEqual([20, 20, 20]);
    gate.open();
    expect(await result).toEqual([200, 200, 200]);
    expect(await batcher.submitTogether([])).toEqual([]);
  });

  test('takes all items that go together or none, and fails them together', async () => {
    const { batcher, nextWrite } = gatedBatcher({ waitingItemsMax: 3, waitingBytesMax: 10 });
    const waiting = batcher.submit(1);
    expect(() => batcher.submitTogether([1, 1, 1])).toThrow('full');
    expect(() => batcher.submitTogether([5, 5])).toThrow('full');
    expect(batcher.pending()).toBe(1);
    (await nextWrite(0)).open();
    await waiting;
    const failing = batcher.submitTogether([1, 2]).catch(String);
    (await nextWrite(1)).fail(new Error('away'));
    expect(await failing).toBe('Error: away');
    const later = batcher.submit(3);
    (await nextWrite(2)).open();
    expect(await later).toBe(30);
  });

  test('fails every item of a group that fails and goes on with the next', async () => {
    const { batcher, nextWrite } = gatedBatcher();
    const failing = Promise.allSettled([batcher.submit(1), batcher.submit(2)]);
    (await nextWrite(0)).fail(new Error('away'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = batcher.submit(3);
    (await nextWrite(1)).open();
    expect(await later).toBe(30);
  });

  test('fails an item for which the write gave no result', async () => {
    const { batcher, nextWrite } = gatedBatcher();
    const results = Promise.allSettled([batcher.submit(1), batcher.submit(2)]);
    (await nextWrite(0)).open([10]);
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('is drained when nothing waits and nothing is being written', async () => {
    const { batcher, nextWrite } = gatedBatcher();
    await batcher.drained();
    const result = batcher.submit(1);
    let drained = false;
    const draining = batcher.drained().then(() => {
      drained = true;
    });
    const gate = await nextWrite(0);
    expect([drained, batcher.pending()]).toEqual([false, 1]);
    gate.open();
    await Promise.all([result, draining]);
    expect(batcher.pending()).toBe(0);
  });
});

import { describe, expect, test } from 'bun:test';
import { createFairQueue } from '../../src/domain/dispatch/fair-queue.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Item = { endpointId: string; number: number };

const always = () => true;

function filled(counts: Record<string, number>) {
  const queue = createFairQueue<Item>();
  for (const [endpointId, count] of Object.entries(counts)) {
    for (let number = 0; number < count; number += 1) queue.add(endpointId, { endpointId, number });
  }
  return queue;
}

const told = (item: Item | null) => (item ? `${item.endpointId}${item.number}` : null);

describe('the fair queue', () => {
  test('takes turns, each endpoint in its own order', () => {
    const queue = filled({ a: 3, b: 1, c: 2 });
    const taken = Array.from({ length: 7 }, () => told(queue.next(always)));
    expect(taken).toEqual(['a0', 'b0', 'c0', 'a1', 'c1', 'a2', null]);
    expect(queue.size).toBe(0);
  });

  test('puts an endpoint that has new work at the end of the round', () => {
    const queue = filled({ a: 3, b: 3 });
    queue.next(always);
    queue.add('c', { endpointId: 'c', number: 0 });
    const taken = Array.from({ length: 4 }, () => told(queue.next(always)));
    expect(taken).toEqual(['b0', 'a1', 'c0', 'b1']);
  });

  test('parks who cannot send until it is ready, and asks it once', () => {
    const queue = filled({ a: 2, b: 2 });
    const asked: string[] = [];
    const onlyB = (endpointId: string) => {
      asked.push(endpointId);
      return endpointId === 'b';
    };
    expect([queue.next(onlyB), queue.next(onlyB), queue.next(onlyB)].map(told)).toEqual([
      'b0',
      'b1',
      null,
    ]);
    expect(asked).toEqual(['a', 'b', 'b']);
    queue.add('a', { endpointId: 'a', number: 2 });
    expect(queue.next(always)).toBeNull();
    expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b')]).toEqual([3, 3, 0]);
    queue.ready('a');
    expect(Array.from({ length: 4 }, () => told(queue.next(always)))).toEqual([
      'a0',
      'a1',
      'a2',
      null,
    ]);
  });

  test('gives one turn a round however often an endpoint is called ready', () => {
    const queue = filled({ a: 10, b: 10 });
    for (let call = 0; call < 5; call += 1) queue.ready('a');
    queue.ready('unknown');
    expect(Array.from({ length: 4 }, () => told(queue.next(always)))).toEqual([
      'a0',
      'b0',
      'a1',
      'b1',
    ]);
  });

  test('gives back what a removed endpoint held, active or parked', () => {
    const queue = filled({ a: 3, b: 1, c: 2 });
    queue.next(always);
    expect(queue.removeEndpoint('a').map(told)).toEqual(['a1', 'a2']);
    expect(told(queue.next((endpointId) => endpointId !== 'b'))).toBe('c0');
    expect(queue.removeEndpoint('b').map(told)).toEqual(['b0']);
    expect(queue.removeEndpoint('b')).toEqual([]);
    expect([queue.size, told(queue.next(always)), queue.next(always)]).toEqual([1, 'c1', null]);
    queue.add('a', { endpointId: 'a', number: 9 });
    expect(told(queue.next(always))).toBe('a9');
  });

  test('makes nobody wait for more than one item of each other endpoint', () => {
    const queue = filled({ huge: 1_000_000, small: 100, other: 100 });
    const first = Array.from({ length: 300 }, () => queue.next(always)?.endpointId);
    expect(first.filter((endpointId) => endpointId === 'huge')).toHaveLength(100);
    expect([queue.sizeOf('small'), queue.sizeOf('other')]).toEqual([0, 0]);
  });

  test('drains a million items of one endpoint in linear time', () => {
    const queue = filled({ huge: 1_000_000 });
    let expected = 0;
    for (let item = queue.next(always); item; item = queue.next(always)) {
      if (item.number !== expected) throw new Error(`${item.number} came for ${expected}`);
      expected += 1;
    }
    expect(expected).toBe(1_000_000);
  });

  test('loses nothing, keeps order and starves nobody in any run (seeded)', () => {
    const random = seededRandom(99);
    const names = Array.from({ length: 12 }, (_, i) => `e${i}`);
    const model = new Map<string, number[]>(names.map((name) => [name, []]));
    const blocked = new Set<string>();
    const waited = new Map<string, number>(names.map((name) => [name, 0]));
    const queue = createFairQueue<Item>();
    let number = 0;
    let taken = 0;

    function takeOne(): void {
      const item = queue.next((endpointId) => !blocked.has(endpointId));
      const sendable = names.filter((name) => !blocked.has(name) && model.get(name)?.length);
      if (!item) {
        expect(sendable).toEqual([]);
        return;
      }
      taken += 1;
      expect(blocked.has(item.endpointId)).toBe(false);
      expect(model.get(item.endpointId)?.shift()).toBe(item.number);
      for (const name of names) {
        const passedOver = sendable.includes(name) && name !== item.endpointId;
        waited.set(name, passedOver ? (waited.get(name) ?? 0) + 1 : 0);
        expect(waited.get(name)).toBeLessThan(names.length);
      }
    }

    for (let step = 0; step < 30_000; step += 1) {
      const name = random.pick(names);
      const choice = random.below(100);
      if (choice < 45) {
        // The first endpoint gets most of the work.
        const endpointId = random.below(3) === 0 ? name : 'e0';
        queue.add(endpointId, { endpointId, number });
        model.get(endpointId)?.push(number);
        number += 1;
      } else if (choice < 90) {
        takeOne();
      } else if (choice < 94) {
        blocked.add(name);
      } else if (choice < 99) {
        blocked.delete(name);
        queue.ready(name);
      } else {
        const dropped = queue.removeEndpoint(name).map((item) => item.number);
        expect(dropped).toEqual(model.get(name) ?? []);
        model.set(name, []);
      }
      const left = names.reduce((sum, each) => sum + (model.get(each)?.length ?? 0), 0);
      expect(queue.size).toBe(left);
    }
    expect(taken).toBeGreaterThan(8000);
  });
});

import { describe, expect, test } from 'bun:test';
import { Loop, type LoopReason } from '../../src/workers/loop.ts';
import { type Part, Supervisor } from '../../src/workers/supervisor.ts';
import { eventually, quietLog } from '../support/delivery-engine.ts';

describe('a loop', () => {
  test('runs at once, when woken, and when its interval ran out', async () => {
    const reasons: LoopReason[] = [];
    const loop = new Loop({
      name: 'test',
      pollMs: 50,
      log: quietLog,
      async work(reason) {
        reasons.push(reason);
      },
    });
    loop.start();
    await Promise.resolve();
    await eventually(
      () => reasons.length,
      (count) => count >= 1,
    );
    loop.wake();
    await eventually(
      () => reasons.length,
      (count) => count >= 3,
    );
    await loop.stop(100);
    expect(reasons.slice(0, 3)).toEqual(['poll', 'wake', 'poll']);
  });

  test('never overlaps, and a wake-up during a run leads to one more', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const loop = new Loop({
      name: 'test',
      pollMs: 60_000,
      log: quietLog,
      async work() {
        running += 1;
        most = Math.max(most, running);
        await gates[runs]?.promise;
        runs += 1;
        running -= 1;
      },
    });
    loop.start();
    for (let count = 0; count < 5; count += 1) loop.wake();
    gates[0]?.resolve();
    gates[1]?.resolve();
    await eventually(
      () => runs,
      (count) => count === 2,
    );
    await loop.stop(100);
    expect({ most, runs }).toEqual({ most: 1, runs: 2 });
  });

  test('waits longer after each failure, whoever wakes it, and recovers', async () => {
    const atMs: number[] = [];
    const outcomes: string[] = [];
    const loop = new Loop({
      name: 'test',
      pollMs: 60_000,
      backoffMsMin: 20,
      log: quietLog,
      onRun: (outcome) => outcomes.push(outcome),
      async work() {
        atMs.push(performance.now());
        if (atMs.length <= 3) throw new Error('no');
      },
    });
    loop.start();
    const waking = setInterval(() => loop.wake(), 1);
    await eventually(
      () => outcomes.includes('success'),
      (done) => done,
    );
    clearInterval(waking);
    await loop.stop(100);
    const [first = 0, second = 0, third = 0] = atMs;
    expect(second - first).toBeGreaterThan(9);
    expect(third - second).toBeGreaterThan(19);
    expect(outcomes.slice(0, 4)).toEqual(['failure', 'failure', 'failure', 'success']);
  });

  test('stops after the run under way, or at the deadline, unstarted and twice', async () => {
    const loop = new Loop({
      name: 'test',
      pollMs: 1,
      log: quietLog,
      work: () => new Promise(() => {}),
    });
    await loop.stop(10);
    loop.start();
    const startedMs = performance.now();
    await Promise.all([loop.stop(50), loop.stop(50)]);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('a supervisor', () => {
  const part = (name: string, said: string[], failing = false): Part => ({
    name,
    start() {
      said.push(`start ${name}`);
      if (failing) throw new Error(`${name} does not start`);
    },
    stop() {
      said.push(`stop ${name}`);
    },
  });

  test('starts in order and stops in reverse, once', async () => {
    const said: string[] = [];
    const supervisor = new Supervisor([part('a', said), part('b', said)], quietLog);
    await supervisor.start();
    const stops = await Promise.all([supervisor.stop(100), supervisor.stop(100)]);
    expect(stops).toEqual([true, true]);
    expect(said).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('stops what had started when a part does not start', async () => {
    const said: string[] = [];
    const parts = [part('a', said), part('b', said, true), part('c', said)];
    const supervisor = new Supervisor(parts, quietLog);
    await expect(supervisor.start()).rejects.toThrow('b does not start');
    expect(said).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('leaves behind what does not stop, and says so', async () => {
    const said: string[] = [];
    const hanging: Part = { ...part('b', said), stop: () => new Promise(() => {}) };
    const supervisor = new Supervisor([part('a', said), hanging], quietLog);
    await supervisor.start();
    const startedMs = performance.now();
    expect(await supervisor.stop(50)).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(said.at(-1)).toBe('stop a');
  });

  test('that never started stops at once', async () => {
    expect(await new Supervisor([], quietLog).stop(10)).toBe(true);
  });
});

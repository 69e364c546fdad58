/** How often news are told and listeners called, by timers of the test's own. */
import { expect, test } from 'bun:test';
import { newId, type ProjectId, type TenantId } from '../../src/domain/ids.ts';
import { kindsOf } from '../../src/domain/news.ts';
import type { Schedule } from '../../src/lib/pacer.ts';
import { createLiveHub } from '../../src/usecases/live/hub.ts';

const place = () => ({
  tenantId: newId<TenantId>(Date.now()),
  projectId: newId<ProjectId>(Date.now()),
});

/** Time that passes when it is told to; what is awaited in between settles first. */
function createTime() {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; work(): void }>();
  const schedule: Schedule = (work, delayMs) => {
    const timer = { atMs: nowMs + delayMs, work };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  async function pass(ms: number): Promise<void> {
    const untilMs = nowMs + ms;
    for (;;) {
      await new Promise(setImmediate);
      const [next] = [...timers]
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      nowMs = next.atMs;
      timers.delete(next);
      next.work();
    }
    nowMs = untilMs;
  }
  return { schedule, pass };
}

function start() {
  const time = createTime();
  const sent: string[] = [];
  const hub = createLiveHub({ send: (texts) => sent.push(...texts), schedule: time.schedule });
  return { ...time, hub, sent };
}

test('10,000 news within a second are 3 notifications and 3 calls of a listener', async () => {
  const { hub, sent, pass } = start();
  const at = place();
  const calls: string[][] = [];
  hub.subscribe(at, ['events', 'deliveries'], (news) => void calls.push(kindsOf(news)));
  for (let index = 0; index < 10_000; index += 1) {
    hub.tell(at.projectId, [index % 2 === 0 ? 'events' : 'deliveries']);
    if (index % 10 === 0) await pass(1);
  }
  await pass(20);
  expect(sent.length).toBe(3);
  expect(calls).toEqual([
    ['events', 'deliveries'],
    ['events', 'deliveries'],
    ['events', 'deliveries'],
  ]);
});

test('two processes with news do not call a listener more often than one', async () => {
  const { hub, pass } = start();
  const others = [start(), start()];
  const at = place();
  let calls = 0;
  hub.subscribe(at, ['events'], () => {
    calls += 1;
  });
  for (let second = 0; second < 10; second += 1) {
    for (const other of others) {
      other.hub.tell(at.projectId, ['events']);
      await other.pass(100);
      for (const text of other.sent.splice(0)) hub.hear(text);
    }
    await pass(100);
  }
  expect(calls).toBeLessThanOrEqual(3);
});

test('a listener that is slow is not called again before it is done', async () => {
  const { hub, pass } = start();
  const at = place();
  const done = Promise.withResolvers<void>();
  let calls = 0;
  hub.subscribe(at, ['events'], () => {
    calls += 1;
    return done.promise;
  });
  hub.tell(at.projectId, ['events']);
  await pass(20);
  hub.tell(at.projectId, ['events']);
  await pass(5_000);
  expect(calls).toBe(1);
  done.resolve();
  await pass(1_000);
  expect(calls).toBe(2);
});

test('what one process says, another hears of its own projects alone, by kind', async () => {
  const [one, two] = [start(), start()];
  const [at, elsewhere] = [place(), place()];
  const heard: string[] = [];
  two.hub.subscribe(at, ['events', 'endpoints'], (news) => void heard.push(...kindsOf(news)));
  one.hub.tell(elsewhere.projectId, ['events']);
  one.hub.tell(at.projectId, ['endpoints', 'replays']);
  await one.pass(20);
  for (const text of one.sent) two.hub.hear(text);
  await two.pass(20);
  expect(heard).toEqual(['endpoints']);
  for (const text of one.sent) one.hub.hear(text);
});

test('news of very many projects fit into notifications, and past 3,000 are said of all', async () => {
  const { hub, sent, pass } = start();
  const other = start();
  const at = place();
  let calls = 0;
  other.hub.subscribe(at, ['events'], () => {
    calls += 1;
  });
  const hear = async () => {
    for (const text of sent.splice(0)) other.hub.hear(text);
    await other.pass(1_000);
  };
  for (let index = 0; index < 2_999; index += 1) hub.tell(place().projectId, ['events']);
  hub.tell(at.projectId, ['events']);
  await pass(600);
  expect(sent.length).toBe(10);
  expect(Math.max(...sent.map((text) => text.length))).toBeLessThan(8_000);
  await hear();
  expect(calls).toBe(1);
  for (let index = 0; index < 3_001; index += 1) hub.tell(place().projectId, ['events']);
  await pass(600);
  expect(sent.length).toBe(1);
  await hear();
  expect(calls).toBe(2);
});

test('changes that name only their tenant reach its projects, and a loss reaches all', async () => {
  const { hub, pass } = start();
  const [at, elsewhere] = [place(), place()];
  const heard: string[] = [];
  hub.subscribe(at, ['endpoints'], () => void heard.push('at'));
  const leave = hub.subscribe(elsewhere, ['endpoints'], () => void heard.push('elsewhere'));
  hub.hearTenant(at.tenantId, ['endpoints']);
  await pass(600);
  expect(heard).toEqual(['at']);
  hub.hearAll();
  await pass(600);
  expect(heard.toSorted()).toEqual(['at', 'at', 'elsewhere']);
  leave();
  hub.hearAll();
  await pass(600);
  expect(heard.filter((name) => name === 'elsewhere').length).toBe(1);
});

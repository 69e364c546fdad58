/** How often open pages are told of news, and how many of them ask at once; by a clock of ours. */
import { expect, test } from 'bun:test';
import { newId, type ProjectId, type TenantId } from '../../src/domain/ids.ts';
import { newsMask } from '../../src/domain/news.ts';
import type { Listener, Place } from '../../src/usecases/live/hub.ts';
import { createPageFeeds, type PageViewer } from '../../src/usecases/live/page-feeds.ts';

type Told = { atMs: number; kinds: string[]; fromMs: number; untilMs: number };

const placeOf = (): Place => ({
  tenantId: newId<TenantId>(0),
  projectId: newId<ProjectId>(0),
});

function start() {
  let nowMs = 0;
  const due: { atMs: number; work: () => void }[] = [];
  const listeners = new Map<ProjectId, Listener>();
  const feeds = createPageFeeds({
    nowMs: () => nowMs,
    schedule(work, delayMs) {
      const entry = { atMs: nowMs + delayMs, work };
      due.push(entry);
      return () => void due.splice(0, due.length, ...due.filter((one) => one !== entry));
    },
    hub: {
      subscribe({ projectId }, _kinds, listener) {
        listeners.set(projectId, listener);
        return () => void listeners.delete(projectId);
      },
    },
  });
  return {
    listeners,
    attach(place: Place, kinds: PageViewer['kinds'] = ['events']) {
      const told: Told[] = [];
      const onMessage: PageViewer['onMessage'] = ({ text }) =>
        void told.push({ atMs: nowMs, ...JSON.parse(text) });
      return { told, leave: feeds.attach(place, { kinds, onMessage }) };
    },
    tell: (place: Place) => listeners.get(place.projectId)?.(newsMask(['events'])),
    async goOn(ms: number) {
      const untilMs = nowMs + ms;
      for (;;) {
        const next = due.toSorted((one, other) => one.atMs - other.atMs)[0];
        if (next === undefined || next.atMs > untilMs) break;
        due.splice(due.indexOf(next), 1);
        nowMs = next.atMs;
        next.work();
        // What waited for it goes on.
        for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      }
      nowMs = untilMs;
    },
  };
}

test('a page is told at most twice a second, however much happens', async () => {
  const hub = start();
  const place = placeOf();
  const { told } = hub.attach(place);
  for (let ms = 0; ms < 10_000; ms += 10) {
    hub.tell(place);
    await hub.goOn(10);
  }
  expect(told.length).toBeGreaterThan(15);
  const gaps = told.slice(2).map(({ atMs }, index) => atMs - (told[index + 1]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(500);
});

test('200 pages of one busy project ask 50 times a second, all together', async () => {
  const hub = start();
  const place = placeOf();
  const pages = Array.from({ length: 200 }, () => hub.attach(place));
  await hub.goOn(60_000);
  for (let ms = 0; ms < 60_000; ms += 100) {
    hub.tell(place);
    await hub.goOn(100);
  }
  for (const { told } of pages) {
    const turns = told.filter(({ atMs }) => atMs >= 60_000);
    expect(turns.length).toBeGreaterThanOrEqual(12);
    // 4 s for 200 turns, and the rest between two tellings.
    expect(turns.length).toBeLessThanOrEqual(14);
    for (const { fromMs, untilMs } of turns) expect(untilMs - fromMs).toBe(4_000);
  }
});

test('pages that all come back at once ask one after the other', () => {
  const hub = start();
  const turns = Array.from({ length: 100 }, () => hub.attach(placeOf()).told[0]);
  expect(turns.map((turn) => turn?.fromMs)).toEqual(Array.from(turns, (_, index) => index * 20));
});

test('who comes and goes without end keeps others waiting a minute at most', () => {
  const hub = start();
  const place = placeOf();
  for (let count = 0; count < 10_000; count += 1) hub.attach(place).leave();
  const [told] = hub.attach(place).told;
  expect(told?.fromMs).toBe(60_000);
});

test('a page that wants other kinds is not told, and takes no turn', async () => {
  const hub = start();
  const place = placeOf();
  const one = hub.attach(place);
  const other = hub.attach(place, ['replays']);
  await hub.goOn(1_000);
  hub.tell(place);
  await hub.goOn(1_000);
  expect(one.told[1]).toMatchObject({ kinds: ['events'], fromMs: 0, untilMs: 20 });
  expect(other.told.length).toBe(1);
});

test('a project that nobody shows any more is not listened to', () => {
  const hub = start();
  const place = placeOf();
  const [one, other] = [hub.attach(place), hub.attach(place)];
  one.leave();
  expect(hub.listeners.size).toBe(1);
  other.leave();
  expect(hub.listeners.size).toBe(0);
});

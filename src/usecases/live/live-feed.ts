/**
 * One project as its viewers see it live: after news, at most twice a second, one read of the
 * database for all of them, and from it a message for each. A viewer's first message reaches back
 * to where it was, minus an overlap: ids are made before they are committed, by several processes,
 * so that what is committed late would be passed over. Repeats are dropped by the viewer, by id;
 * a delivery comes again when it has changed.
 */
import { idAt } from '../../domain/ids.ts';
import { kindsOf, type NewsKind, type NewsMask, newsMask } from '../../domain/news.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { LiveHub, Place } from './hub.ts';
import { itemsMax, type Recent, type RecentItem, readRecent } from './read-recent.ts';

/** `cursor` is where a viewer that comes back goes on; null where it starts anew. */
export type LiveMessage = { cursor: string | null; text: string };

export type Viewer = {
  kinds: readonly NewsKind[];
  /** Ms by the database's clock; null: from now on. */
  sinceMs: number | null;
  onMessage(message: LiveMessage): void;
};

export type LiveFeedDeps = { database: Database; clock: Clock; hub: LiveHub; log: Log };

/** Longer than a request's transaction may take (11 s, repositories/transactions.ts). */
const overlapMs = 15_000;
/** Of a message; events may carry labels of several KiB. */
const messageLengthMax = 128 * 1024;
/** What is sent within the overlap at 2 messages of 200 a second; past it, repeats are harmless. */
const rememberedMax = 10_000;

type Attached = Viewer & { mask: NewsMask; freshSinceMs: number | null };

export class LiveFeed {
  readonly #deps: LiveFeedDeps;
  readonly place: Place;
  readonly #viewers = new Set<Attached>();
  readonly #sentEvents = new Map<string, number>();
  readonly #sentDeliveries = new Map<string, number>();
  #readUntilMs: number;
  #isFailing = false;

  constructor(deps: LiveFeedDeps, place: Place) {
    this.#deps = deps;
    this.place = place;
    this.#readUntilMs = deps.clock.databaseNow();
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** Its first message comes at once, and names all of its kinds: what it missed is not known. */
  add(viewer: Viewer): () => void {
    const nowMs = this.#deps.clock.databaseNow();
    const freshSinceMs = Math.min(viewer.sinceMs ?? nowMs, nowMs);
    const attached = { ...viewer, mask: newsMask(viewer.kinds), freshSinceMs };
    this.#viewers.add(attached);
    this.#deps.hub.poke(this.place.projectId, viewer.kinds);
    return () => void this.#viewers.delete(attached);
  }

  /** Never throws: what cannot be read now is read after the next rest. */
  async onNews(news: NewsMask): Promise<void> {
    const viewers = [...this.#viewers];
    const fresh = viewers.flatMap(({ freshSinceMs }) => freshSinceMs ?? []);
    const nowMs = this.#deps.clock.databaseNow();
    const steadyFrom = idAt(this.#readUntilMs - overlapMs);
    const mask = viewers.reduce((all, viewer) => all | wantedOf(viewer, news), 0);
    let recent: Recent;
    try {
      recent = await readRecent(this.#deps.database, this.place, {
        fromMs: Math.min(this.#readUntilMs, ...fresh) - overlapMs,
        events: (mask & newsMask(['events'])) !== 0,
        deliveries: (mask & newsMask(['deliveries'])) !== 0,
        isWanted: (id) => fresh.length > 0 || !this.#sentEvents.has(id),
      });
    } catch (error) {
      return this.#failed(error, news);
    }
    this.#isFailing = false;
    const isNew = (sent: ReadonlyMap<string, number>) => (item: RecentItem) =>
      item.id >= steadyFrom && sent.get(item.id) !== stamp(item, sent === this.#sentEvents);
    const newest = {
      events: recent.events.filter(isNew(this.#sentEvents)),
      deliveries: recent.deliveries.filter(isNew(this.#sentDeliveries)),
    };
    this.#readUntilMs = nowMs;
    const cursor = String(Math.floor(nowMs));
    this.#send(viewers, news, { cursor, recent, newest });
    const keptFrom = idAt(nowMs - overlapMs);
    remember(this.#sentEvents, recent.events, keptFrom, true);
    remember(this.#sentDeliveries, recent.deliveries, keptFrom, false);
  }

  /** Viewers of the same kinds, and those that go on at the same place, share one text. */
  #send(
    viewers: readonly Attached[],
    news: NewsMask,
    { cursor, recent, newest }: { cursor: string; recent: Recent; newest: Recent },
  ): void {
    const messages = new Map<string, LiveMessage>();
    for (const viewer of viewers) {
      const mask = wantedOf(viewer, news);
      if (mask === 0 || !this.#viewers.has(viewer)) continue;
      const { freshSinceMs } = viewer;
      const key = `${mask} ${freshSinceMs}`;
      let message = messages.get(key);
      if (message === undefined) {
        const items = freshSinceMs === null ? newest : since(recent, freshSinceMs - overlapMs);
        message = { cursor, text: writeMessage(mask, items) };
        messages.set(key, message);
      }
      viewer.freshSinceMs = null;
      viewer.onMessage(message);
    }
  }

  #failed(error: unknown, news: NewsMask): void {
    const { hub, log } = this.#deps;
    if (!this.#isFailing) log.warn({ err: error, ...this.place }, 'what is live cannot be read');
    this.#isFailing = true;
    hub.poke(this.place.projectId, kindsOf(news));
  }
}

const wantedOf = ({ mask, freshSinceMs }: Attached, news: NewsMask): NewsMask =>
  freshSinceMs === null ? mask & news : mask;

/** Events never change; of deliveries what they said when they were sent. */
const stamp = ({ text }: RecentItem, isEvent: boolean) =>
  isEvent ? 0 : Bun.hash.crc32(text ?? '');

function remember(
  sent: Map<string, number>,
  items: readonly RecentItem[],
  from: string,
  isEvent: boolean,
): void {
  for (const id of sent.keys()) if (id < from) sent.delete(id);
  if (sent.size > rememberedMax) sent.clear();
  for (const item of items) if (item.id >= from) sent.set(item.id, stamp(item, isEvent));
}

function since({ events, deliveries }: Recent, fromMs: number): Recent {
  const from = idAt(fromMs);
  const isLater = ({ id }: RecentItem) => id >= from;
  return { events: events.filter(isLater), deliveries: deliveries.filter(isLater) };
}

function writeMessage(mask: NewsMask, { events, deliveries }: Recent): string {
  const kinds = kindsOf(mask);
  const members = [`"kinds":${JSON.stringify(kinds)}`];
  if (kinds.includes('events')) members.push(`"events":${writeItems(events)}`);
  if (kinds.includes('deliveries')) members.push(`"deliveries":${writeItems(deliveries)}`);
  return `{${members.join(',')}}`;
}

function writeItems(items: readonly RecentItem[]): string {
  const texts: string[] = [];
  let length = 0;
  for (const { text } of items.slice(0, itemsMax)) {
    length += text?.length ?? 0;
    if (text === null || length > messageLengthMax) break;
    texts.push(text);
  }
  return `{"data":[${texts.join(',')}],"more":${items.length - texts.length}}`;
}

/**
 * Where a process hears that something is new in a project, and whoever shows it live listens. News
 * of this process come in memory and are told to the others in at most 2 notifications a second,
 * whatever happens; a listener is called at most twice a second, and not again before it is done.
 * News may be lost while the listening connection is away: `hearAll` follows when it is back.
 */
import type { ProjectId, TenantId } from '../../domain/ids.ts';
import {
  allNews,
  type NewsKind,
  type NewsMask,
  newsMask,
  readNews,
  shortId,
  writeNews,
} from '../../domain/news.ts';
import { createPacer, type Pacer, type Schedule, scheduleByTimer } from '../../lib/pacer.ts';

export type Place = { tenantId: TenantId; projectId: ProjectId };
export type Listener = (news: NewsMask) => void | Promise<void>;

export type LiveHub = {
  /** Something of this process is committed: cheap enough for each delivery. */
  tell(projectId: ProjectId, kinds: readonly NewsKind[]): void;
  /** What another process, or this one, sent. */
  hear(text: string): void;
  /** Of changes that are announced with their tenant alone. */
  hearTenant(tenantId: TenantId, kinds: readonly NewsKind[]): void;
  /** Anything may have happened. */
  hearAll(): void;
  /**
   * For whoever shows a project: the caller has made sure that it is the tenant's. The listener
   * must not throw. Answers how to end it.
   */
  subscribe(place: Place, kinds: readonly NewsKind[], listener: Listener): () => void;
  /** As if there were news for one's own project. */
  poke(projectId: ProjectId, kinds: readonly NewsKind[]): void;
  stop(): void;
};

type HubOptions = {
  /** To every process, this one included; never waits. */
  send(texts: string[]): void;
  schedule?: Schedule;
};

/** At most 2 messages a second, from each process and to each listener. */
const restMs = 500;
/** What one request or batch causes comes together; a person sees no difference. */
const collectMs = 20;
/** PostgreSQL takes notifications below 8,000 bytes; an entry has 23. */
const entriesPerText = 300;
/** Past 3,000 projects in half a second, all of them are said to have news. */
const textsMax = 10;
const everyProject = '*';
const tagLength = 8;

type Watched = {
  place: Place;
  listeners: Map<Listener, NewsMask>;
  news: NewsMask;
  pacer: Pacer;
};

export function createLiveHub({ send, schedule = scheduleByTimer }: HubOptions): LiveHub {
  const tag = crypto.randomUUID().slice(0, tagLength);
  const untold = new Map<ProjectId, NewsMask>();
  const watchedProjects = new Map<ProjectId, Watched>();
  const watchedShortIds = new Map<string, Watched>();
  const telling = createPacer({ work: sendUntold, collectMs, restMs, schedule });

  function sendUntold(): void {
    const entries = writeNews(untold);
    untold.clear();
    const texts: string[] = [];
    if (entries.length > entriesPerText * textsMax) entries.splice(0, entries.length, everyProject);
    for (let at = 0; at < entries.length; at += entriesPerText) {
      texts.push(tag + entries.slice(at, at + entriesPerText).join(''));
    }
    send(texts);
  }

  function note(watched: Watched | undefined, mask: NewsMask): void {
    if (watched === undefined || mask === 0) return;
    watched.news |= mask;
    watched.pacer.want();
  }

  async function callListeners(watched: Watched): Promise<void> {
    const { news } = watched;
    watched.news = 0;
    const calls = [...watched.listeners].map(([listener, kinds]) =>
      (kinds & news) === 0 ? undefined : listener(kinds & news),
    );
    await Promise.all(calls);
  }

  function watch(place: Place): Watched {
    const known = watchedProjects.get(place.projectId);
    if (known !== undefined) return known;
    const watched: Watched = {
      place,
      listeners: new Map(),
      news: 0,
      pacer: createPacer({ work: () => callListeners(watched), collectMs, restMs, schedule }),
    };
    watchedProjects.set(place.projectId, watched);
    watchedShortIds.set(shortId(place.projectId), watched);
    return watched;
  }

  const hearAll = () => {
    for (const watched of watchedProjects.values()) note(watched, allNews);
  };

  return {
    tell(projectId, kinds) {
      const mask = newsMask(kinds);
      untold.set(projectId, (untold.get(projectId) ?? 0) | mask);
      telling.want();
      note(watchedProjects.get(projectId), mask);
    },
    hear(text) {
      // What this process said it has noted already.
      if (text.startsWith(tag)) return;
      const said = text.slice(tagLength);
      if (said === everyProject) return hearAll();
      for (const [id, mask] of readNews(said)) note(watchedShortIds.get(id), mask);
    },
    hearTenant(tenantId, kinds) {
      const mask = newsMask(kinds);
      for (const watched of watchedProjects.values()) {
        if (watched.place.tenantId === tenantId) note(watched, mask);
      }
    },
    hearAll,
    subscribe(place, kinds, listener) {
      const watched = watch(place);
      // A function of its own, so that one listener may be given twice.
      const own: Listener = (news) => listener(news);
      watched.listeners.set(own, newsMask(kinds));
      return () => {
        watched.listeners.delete(own);
        if (watched.listeners.size > 0) return;
        watched.pacer.stop();
        watchedProjects.delete(place.projectId);
        watchedShortIds.delete(shortId(place.projectId));
      };
    },
    poke: (projectId, kinds) => note(watchedProjects.get(projectId), newsMask(kinds)),
    stop() {
      telling.stop();
      for (const { pacer } of watchedProjects.values()) pacer.stop();
    },
  };
}

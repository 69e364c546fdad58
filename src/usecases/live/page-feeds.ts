/**
 * Tells open pages which kinds of their project have news, at most twice a second each; they ask
 * for what they show then. The telling costs a line of text, the asking costs queries: so that a
 * busy project with many viewers does not become viewers × 2 pages a second, each telling names
 * the time within which a page shall ask, and all of them together ask at most `turnsPerSecond`
 * times a second. A project is told again when those it was told to have had their turns.
 */
import type { ProjectId } from '../../domain/ids.ts';
import { kindsOf, type NewsKind, type NewsMask, newsKinds, newsMask } from '../../domain/news.ts';
import { createPacer, type Schedule, scheduleByTimer } from '../../lib/pacer.ts';
import type { LiveHub, Place } from './hub.ts';
import type { LiveMessage } from './live-feed.ts';

export type PageViewer = {
  kinds: readonly NewsKind[];
  onMessage(message: LiveMessage): void;
};

export type PageFeeds = {
  /**
   * The caller has made sure that the project is the tenant's. The first message comes at once and
   * names all kinds: what happened before it was connected is not known. Answers how to leave.
   */
  attach(place: Place, viewer: PageViewer): () => void;
};

export type PageFeedsOptions = {
  hub: Pick<LiveHub, 'subscribe'>;
  schedule?: Schedule;
  nowMs?: () => number;
};

/** Of pages asking for their parts: half a core of this process (docs/decisions/0016). */
const turnsPerSecond = 50;
/** For who comes and goes without end: those after it need not wait longer. */
const turnsAheadMsMax = 60_000;
/** Between two tellings of a project, as between two of the hub. */
const restMs = 500;

type Watched = { viewers: Set<PageViewer & { mask: NewsMask }>; leave(): void };
/** When to ask, in ms from now. */
type Turns = { fromMs: number; untilMs: number };

export function createPageFeeds(options: PageFeedsOptions): PageFeeds {
  const { hub, schedule = scheduleByTimer } = options;
  const takeTurns = createTurns(options.nowMs ?? (() => performance.now()));
  const projects = new Map<ProjectId, Watched>();

  function watch(place: Place): Watched {
    const viewers: Watched['viewers'] = new Set();
    let news: NewsMask = 0;
    const pacer = createPacer({
      ...{ collectMs: 0, restMs, schedule },
      async work() {
        const told = news;
        news = 0;
        const wanting = [...viewers].filter(({ mask }) => (mask & told) !== 0);
        if (wanting.length === 0) return;
        const turns = takeTurns(wanting.length);
        const messages = new Map<NewsMask, LiveMessage>();
        for (const { mask, onMessage } of wanting) {
          const message = messages.get(mask & told) ?? toMessage(mask & told, turns);
          messages.set(mask & told, message);
          onMessage(message);
        }
        await new Promise<void>((resolve) => schedule(resolve, turns.untilMs));
      },
    });
    const unsubscribe = hub.subscribe(place, newsKinds, (heard) => {
      news |= heard;
      pacer.want();
    });
    const leave = () => {
      unsubscribe();
      pacer.stop();
    };
    return { viewers, leave };
  }

  return {
    attach(place, viewer) {
      const { projectId } = place;
      const watched = projects.get(projectId) ?? watch(place);
      projects.set(projectId, watched);
      const attached = { ...viewer, mask: newsMask(viewer.kinds) };
      watched.viewers.add(attached);
      viewer.onMessage(toMessage(attached.mask, takeTurns(1)));
      return () => {
        watched.viewers.delete(attached);
        if (watched.viewers.size > 0 || projects.get(projectId) !== watched) return;
        watched.leave();
        projects.delete(projectId);
      };
    },
  };
}

function toMessage(mask: NewsMask, { fromMs, untilMs }: Turns): LiveMessage {
  return { cursor: null, text: JSON.stringify({ kinds: kindsOf(mask), fromMs, untilMs }) };
}

/** One turn after the other, whoever takes them. */
function createTurns(nowMs: () => number) {
  let takenUntilMs = Number.NEGATIVE_INFINITY;
  return (count: number): Turns => {
    const now = nowMs();
    const fromMs = Math.min(Math.max(0, takenUntilMs - now), turnsAheadMsMax);
    const untilMs = fromMs + (count * 1_000) / turnsPerSecond;
    takenUntilMs = now + untilMs;
    return { fromMs: Math.round(fromMs), untilMs: Math.round(untilMs) };
  };
}

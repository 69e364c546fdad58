/** GET /api/v1/events/stream: what a project's pages show live, as Server-Sent Events. */
import { Elysia } from 'elysia';
import { AppError } from '../../domain/errors.ts';
import type { LiveFeeds } from '../../usecases/live/live-feeds.ts';
import {
  requireWatchable,
  type Watched,
  type WatchQuery,
  watchProject,
  watchQuery,
} from '../../usecases/live/watch-project.ts';
import type { Identify } from '../authenticate.ts';
import type { LiveStreams } from '../live-streams.ts';
import { createOperations } from './operation.ts';

export type EventStreamDeps = { feeds: LiveFeeds; streams: Pick<LiveStreams, 'open'> };

const description = `Messages are \`event: change\` with
\`{"kinds":[…],"events":{"data":[…],"more":0},"deliveries":{"data":[…],"more":0}}\`: which kinds have
news, and of events and deliveries the newest themselves, as their lists show them; \`more\` are at
least so many that were left out. At most 2 a second. The first message, and the first after a
reconnect with \`Last-Event-ID\`, names all kinds and reaches back 15 s further: drop what you have by
its id. A delivery comes again when it changes within 15 s of its making; later changes are told by
\`kinds\` alone. The stream ends when its credential does.`.replaceAll('\n', ' ');

export function eventStreamRoutes(identify: Identify, { feeds, streams }: EventStreamDeps) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/events', tags: ['Events'] }).get(
    '/stream',
    ...operation(
      {
        id: 'streamEvents',
        summary: 'Watch what happens',
        description,
        query: watchQuery,
        status: 200,
        file: ['text/event-stream'],
      },
      async ({ ctx, query, request }) => {
        const { place, kinds } = await watchProject(ctx, query, feeds);
        // A copy: what is left of a request after its answer has begun is not ours to know.
        const again = new Request(request.url, { headers: request.headers });
        return streams.open(request, {
          tenantId: place.tenantId,
          attach: (sinceMs, onMessage) => feeds.attach(place, { kinds, sinceMs, onMessage }),
          authorise: async () => requireSame(await identify(again), query, { place, kinds }),
        });
      },
    ),
  );
}

/** A credential that may see another part now opens another stream. */
function requireSame(ctx: Parameters<typeof requireWatchable>[0], query: WatchQuery, was: Watched) {
  const is = requireWatchable(ctx, query);
  const isSame =
    is.place.tenantId === was.place.tenantId &&
    is.place.projectId === was.place.projectId &&
    is.kinds.join() === was.kinds.join();
  if (!isSame) throw new AppError('forbidden', 'What this credential may watch has changed.');
}

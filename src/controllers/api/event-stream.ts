/** GET /api/v1/events/stream: what a project's pages show live, as Server-Sent Events. */
import { Elysia } from 'elysia';
import type { LiveFeeds } from '../../usecases/live/live-feeds.ts';
import { requireSameWatch, watchProject, watchQuery } from '../../usecases/live/watch-project.ts';
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
\`kinds\` alone, and so are \`figures\`: those of /stats, which follow by up to 2 s. The stream ends
when its credential does.`.replaceAll('\n', ' ');

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
          session: null,
          attach: (sinceMs, onMessage) => feeds.attach(place, { kinds, sinceMs, onMessage }),
          authorise: async () => requireSameWatch(await identify(again), query, { place, kinds }),
        });
      },
    ),
  );
}

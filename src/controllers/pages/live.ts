/**
 * GET /t/{tenant}/p/{project}/live: which kinds of things have news, as Server-Sent Events for one
 * open page (views/client/live.ts): `{"kinds":["events"],"fromMs":0,"untilMs":20}`, where the times
 * say when the page shall ask for its parts, in ms from now. Ends when the session or right does.
 */
import { Elysia } from 'elysia';
import { AppError } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import {
  requireSameWatch,
  requireWatchable,
  watchQuery,
} from '../../usecases/live/watch-project.ts';
import { createPages, type PageDeps } from './page.ts';

const liveQuery = watchQuery.pick({ types: true });

export function livePages(deps: PageDeps) {
  const { project } = createPages(deps);
  const { pages, streams } = deps.live;
  return new Elysia({ prefix: '/t/:tenant/p/:project' }).get(
    '/live',
    ...project.answer({ query: liveQuery }, async (call) => {
      const { ctx, person, tenant, request } = call;
      // Safe because the page's own use case found the project by this id.
      const query = { ...call.query, projectId: call.project.id as ProjectId };
      const watched = requireWatchable(ctx, query);
      // A copy: what is left of a request after its answer has begun is not ours to know.
      const again = new Request(request.url, { headers: request.headers });
      const authorise = async () => {
        const now = await deps.identifyPerson(again);
        if (now === null) throw new AppError('unauthenticated', 'The session has ended.');
        requireSameWatch(deps.memberContext(again, now, tenant.slug), query, watched);
      };
      return streams.open(request, {
        tenantId: ctx.tenantId,
        session: person.sessionId,
        attach: (_since, onMessage) =>
          pages.attach(watched.place, { kinds: watched.kinds, onMessage }),
        authorise,
      });
    }),
  );
}

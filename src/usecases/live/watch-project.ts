/**
 * What a credential may watch live: its project, which must be the tenant's own, and the kinds
 * that it may read. Without `types`, all of those; one that is named and not allowed is refused.
 */
import { z } from 'zod';
import { AppError, notFound } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { type NewsKind, newsKinds } from '../../domain/news.ts';
import { allows, type Scope } from '../../domain/scopes.ts';
import { findProject } from '../../repositories/projects.ts';
import { type Ctx, grantedScopes, requireProject, requireScope } from '../context.ts';
import { projectParameter } from '../schemas.ts';
import type { Place } from './hub.ts';
import type { LiveFeeds } from './live-feeds.ts';

const scopeOf: Record<NewsKind, Scope> = {
  events: 'events:read',
  deliveries: 'deliveries:read',
  endpoints: 'endpoints:read',
  replays: 'deliveries:read',
  figures: 'deliveries:read',
};

const kindsMessage = `must be a comma-separated list of ${newsKinds.join(', ')}`;

export const watchQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  types: z
    .string()
    .transform((text, context): NewsKind[] => {
      const named = text.split(',');
      const kinds = newsKinds.filter((kind) => named.includes(kind));
      if (kinds.length === new Set(named).size) return kinds;
      context.addIssue({ code: 'custom', message: kindsMessage });
      return z.NEVER;
    })
    .optional()
    .describe(`What to be told of: some of ${newsKinds.join(', ')}. All that the key may read.`),
});
export type WatchQuery = z.output<typeof watchQuery>;

export type Watched = { place: Place; kinds: NewsKind[] };

/** When a restart makes 2,000 pages come back, one of them asks the database for their project. */
export async function watchProject(
  ctx: Ctx,
  query: WatchQuery,
  feeds: Pick<LiveFeeds, 'isWatched'>,
): Promise<Watched> {
  const watched = requireWatchable(ctx, query);
  if (feeds.isWatched(watched.place)) return watched;
  const { tenantId, projectId } = watched.place;
  const row = await ctx.deps.database.withTenant(tenantId, (tx) => findProject(tx, projectId));
  if (row === null) throw notFound('project', projectId);
  return watched;
}

/** As `watchProject`, of a project that was found before: whether the credential still may. */
export function requireWatchable(ctx: Ctx, { projectId: named, types }: WatchQuery): Watched {
  requireScope(ctx, 'events:read');
  const place = { tenantId: ctx.tenantId, projectId: requireProject(ctx, named) };
  for (const kind of types ?? []) requireScope(ctx, scopeOf[kind]);
  const granted = grantedScopes(ctx.actor);
  const kinds = (types ?? newsKinds).filter((kind) => allows(granted, scopeOf[kind]));
  return { place, kinds };
}

/** For an open stream: a credential that may see another part now opens another one. */
export function requireSameWatch(ctx: Ctx, query: WatchQuery, was: Watched): void {
  const is = requireWatchable(ctx, query);
  const isSame =
    is.place.tenantId === was.place.tenantId &&
    is.place.projectId === was.place.projectId &&
    is.kinds.join() === was.kinds.join();
  if (!isSame) throw new AppError('forbidden', 'What this credential may watch has changed.');
}

/**
 * What a use case gets: who asks (`actor`), for which tenant, and what it may need of the outside
 * (`Deps`, stated by shape; app/deps.ts is where the compiler holds the real things against it).
 */
import type { Change } from '../domain/changes.ts';
import { AppError } from '../domain/errors.ts';
import type { ApiKeyId, EndpointId, ProjectId, TenantId } from '../domain/ids.ts';
import { allows, type Scope } from '../domain/scopes.ts';
import type { Clock } from '../lib/clock.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Database } from '../repositories/transactions.ts';

export type { Change };

export type Deps = {
  database: Database;
  clock: Clock;
  secretBox: SecretBox;
  /** What links and addresses begin with; no slash at the end. */
  publicUrl(): string;
  /** The address guard at save time: a reason in the user's words, or null. */
  checkOutboundUrl(url: string): Promise<string | null>;
  /**
   * Wakes the leaders of these endpoints: here in memory, elsewhere by NOTIFY. After the commit.
   */
  wakeEndpoints(endpointIds: EndpointId[]): void;
  /** Drops caches here at once and elsewhere within 1 s. After the commit. */
  announceChange(change: Change): void;
};

export type Actor =
  | { kind: 'api_key'; id: ApiKeyId; projectId: ProjectId | null; scopes: readonly Scope[] }
  /** The command line of the installation's own administrator. */
  | { kind: 'operator' };

export type Ctx = { deps: Deps; tenantId: TenantId; actor: Actor };

/** First line of every use case. */
export function requireScope(ctx: Ctx, scope: Scope): void {
  if (ctx.actor.kind === 'operator' || allows(ctx.actor.scopes, scope)) return;
  throw new AppError('forbidden', `This API key lacks the scope ${scope}.`);
}

/** A credential bound to a project sees that project alone; null means every project. */
export function boundProject(ctx: Ctx): ProjectId | null {
  return ctx.actor.kind === 'api_key' ? ctx.actor.projectId : null;
}

/**
 * The project that a request is about: the credential's own, else the one that the request names.
 * Naming another than the credential's own is not_found, as for any id that is not one's own.
 */
export function requireProject(ctx: Ctx, named: string | undefined): ProjectId {
  const bound = boundProject(ctx);
  if (bound !== null) {
    if (named === undefined || named === bound) return bound;
    throw new AppError('not_found', `There is no project with the id ${named}.`);
  }
  if (named === undefined) {
    const message = 'is required: this credential is not bound to one project';
    throw new AppError('invalid', `projectId ${message}`, {
      fields: [{ path: 'projectId', message }],
    });
  }
  // Safe because the foreign key (tenant_id, project_id) and RLS decide whether it exists.
  return named as ProjectId;
}

/**
 * What a use case gets: who asks (`actor`), for which tenant, and what it may need of the outside
 * (`Deps`, stated by shape; app/deps.ts is where the compiler holds the real things against it).
 */
import type { Change } from '../domain/changes.ts';
import { AppError } from '../domain/errors.ts';
import type { EventFilter } from '../domain/filter-problems.ts';
import type {
  ApiKeyId,
  EndpointId,
  PortalLinkId,
  ProjectId,
  TenantId,
  UserId,
} from '../domain/ids.ts';
import type { NewsKind } from '../domain/news.ts';
import type { Confinement } from '../domain/portal.ts';
import { type Role, scopesOf } from '../domain/roles.ts';
import { allows, type Scope } from '../domain/scopes.ts';
import type { Clock } from '../lib/clock.ts';
import type { SecretBox } from '../lib/secret-box.ts';
import type { Database } from '../repositories/transactions.ts';

export type { Change };

export type Deps = {
  database: Database;
  clock: Clock;
  secretBox: SecretBox;
  /** opsforge's own, for what it says of itself to receivers. */
  version: string;
  /** How long events are kept (RETENTION_EVENTS), for what is stored of them. */
  eventsKeptMs: number;
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
  /** Hands a mail to the post and waits for nothing; null where no SMTP_URL is set. */
  mail: ((mail: Mail) => void) | null;
  /** For what is shown live; cheap, coalesced, at most twice a second. After the commit. */
  tellNews(projectId: ProjectId, kinds: readonly NewsKind[]): void;
};

/** Plain text. */
export type Mail = { to: string; subject: string; text: string };

export type Actor =
  | { kind: 'api_key'; id: ApiKeyId; projectId: ProjectId | null; scopes: readonly Scope[] }
  /** A customer of the tenant, through a portal link. */
  | ({
      kind: 'portal';
      id: PortalLinkId;
      filter: EventFilter | null;
      scopes: readonly Scope[];
    } & Confinement)
  | { kind: 'member'; userId: UserId; email: string; role: Role }
  /** The command line of the installation's own administrator. */
  | { kind: 'operator' };

/** Where a request came from, for the record of who changed what; null on the command line. */
export type Origin = { requestId: string; remoteAddress: string | null };

export type Ctx = { deps: Deps; tenantId: TenantId; actor: Actor; origin: Origin | null };

/** First line of every use case. */
export function requireScope(ctx: Ctx, scope: Scope): void {
  requireConfined(ctx);
  if (allows(grantedScopes(ctx.actor), scope)) return;
  throw new AppError('forbidden', refusalOf(ctx.actor, scope));
}

function refusalOf(actor: Actor, scope: Scope): string {
  if (actor.kind === 'member') {
    return `Your role here is ${actor.role}: it lacks the permission ${scope}.`;
  }
  if (actor.kind === 'portal') return `This portal link lacks the permission ${scope}.`;
  return `This API key lacks the scope ${scope}.`;
}

/** Else a customer's transactions would see the whole tenant: a defect of who made the context. */
function requireConfined({ actor, deps }: Ctx): void {
  const confinement = deps.database.confinement;
  if (actor.kind === 'portal') {
    const { projectId, customer } = actor;
    if (confinement?.projectId === projectId && confinement.customer === customer) return;
  } else if (confinement === null) return;
  throw new Error('the transactions of this context are not those of its actor');
}

export function grantedScopes(actor: Actor): readonly Scope[] {
  switch (actor.kind) {
    case 'operator':
      return ['admin'];
    case 'api_key':
    case 'portal':
      return actor.scopes;
    case 'member':
      return scopesOf(actor.role);
  }
}

/** A credential bound to a project sees that project alone; null means every project. */
export function boundProject(ctx: Ctx): ProjectId | null {
  const { actor } = ctx;
  return actor.kind === 'api_key' || actor.kind === 'portal' ? actor.projectId : null;
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

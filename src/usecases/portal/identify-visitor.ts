/**
 * The token of a portal link → the context of its customer, from a cache of hashes, and how its
 * pages look. A revoked link stops at once in this process and within 1 s in the others
 * (announceChange); an expired one at its time. The context's transactions are confined to the
 * customer by the database's own role, whatever a use case or a query forgets.
 */
import { colorInTheDark } from '../../domain/brand-color.ts';
import { AppError } from '../../domain/errors.ts';
import { hashPortalToken, isPortalToken, portalScopes } from '../../domain/portal.ts';
import { createCoherentCache } from '../../lib/coherent-cache.ts';
import { findPortalLinkByHash, type StoredPortalLink } from '../../repositories/credentials.ts';
import { findPortalSettings } from '../../repositories/portal-settings.ts';
import { findProject } from '../../repositories/projects.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { Actor, Ctx, Deps, Origin } from '../context.ts';
import { plainSettings } from './settings.ts';

export type PortalLook = {
  /** Of the tenant's choosing, else the project's. */
  name: string;
  /** Null: opsforge's own. */
  color: string | null;
  darkColor: string | null;
  frameOrigins: readonly string[];
};

export type PortalVisit = {
  ctx: Ctx & { actor: Extract<Actor, { kind: 'portal' }> };
  look: PortalLook;
  expiresAt: Date;
};

export type PortalVisitors = {
  /** Throws AppError `unauthenticated` for a link that is unknown, revoked or over. */
  identify(token: string, origin: Origin): Promise<PortalVisit>;
  /** Who may frame the pages of this link, also when it is over; none when it never was. */
  listFrameOrigins(token: string): Promise<readonly string[]>;
  dropTenant(tenantId: Ctx['tenantId']): void;
  clear(): void;
};

/** `isEnded`: revoked, or its project is gone. */
type Known = { link: StoredPortalLink; look: PortalLook; isEnded: boolean };

const cachedLinksMax = 10_000;
/** One text for all: whether a link once held is nobody's business. */
const unknownLink = () =>
  new AppError(
    'unauthenticated',
    'This link does not hold (any more). Ask for a new one where you got it.',
  );

export function createPortalVisitors(
  deps: Deps,
  options: { cacheTrusted(): boolean },
): PortalVisitors {
  const { database, clock } = deps;
  // Unknown links are not kept: a guesser would push out the good ones.
  const cache = createCoherentCache<string, Known>({
    load: (hash) => loadLink(database, hash),
    trusted: options.cacheTrusted,
    monotonicMs: clock.monotonicMs,
    entriesMax: cachedLinksMax,
  });

  /** Throws AppError `unauthenticated` for one that never was. */
  async function find(token: string): Promise<Known> {
    if (!isPortalToken(token)) throw unknownLink();
    return cache.get(Buffer.from(hashPortalToken(token)).toString('hex'));
  }

  return {
    async identify(token, origin) {
      const { link, look, isEnded } = await find(token);
      if (isEnded || link.expiresAt.getTime() <= clock.databaseNow()) throw unknownLink();
      const { id, tenantId, projectId, customer, eventFilter: filter, expiresAt } = link;
      const scopes = portalScopes(link.mayWrite);
      const ctx = {
        deps: { ...deps, database: database.confinedTo({ projectId, customer }) },
        tenantId,
        actor: { kind: 'portal' as const, id, projectId, customer, filter, scopes },
        origin,
      };
      return { ctx, look, expiresAt };
    },
    async listFrameOrigins(token) {
      try {
        return (await find(token)).look.frameOrigins;
      } catch (error) {
        if (error instanceof AppError && error.code === 'unauthenticated') return [];
        throw error;
      }
    },
    dropTenant: (tenantId) => cache.dropWhere(({ link }) => link.tenantId === tenantId),
    clear: () => cache.clear(),
  };
}

async function loadLink(database: Database, hash: string): Promise<Known> {
  const link = await database.withLookup((tx) =>
    findPortalLinkByHash(tx, Buffer.from(hash, 'hex')),
  );
  if (link === null) throw unknownLink();
  const [project, settings] = await database.withTenant(link.tenantId, (tx) =>
    Promise.all([findProject(tx, link.projectId), findPortalSettings(tx, link.projectId)]),
  );
  const known = settings ?? plainSettings;
  const { name, color, frameOrigins } = known;
  const darkColor = colorInTheDark(known);
  return {
    link,
    look: { name: name ?? project?.name ?? '', color, darkColor, frameOrigins },
    isEnded: link.revokedAt !== null || project === null,
  };
}

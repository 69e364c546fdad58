/**
 * Which endpoints of a project want an event, from a cache of each tenant's endpoints: accepting
 * asks the database once for each tenant. Changes drop the tenant's entry (announceChange).
 */
import type { FilteredEvent } from '../../domain/event-filter.ts';
import type { EndpointId, ProjectId, TenantId } from '../../domain/ids.ts';
import { compileWants } from '../../domain/wants-event.ts';
import type { Clock } from '../../lib/clock.ts';
import { createCoherentCache } from '../../lib/coherent-cache.ts';
import { listListeningEndpoints, listProjectIds } from '../../repositories/directory.ts';
import type { Database } from '../../repositories/transactions.ts';

export type Listener = {
  id: EndpointId;
  ordered: boolean;
  disabled: boolean;
  /** By its type, then by what it holds. */
  wants(event: FilteredEvent): boolean;
};

/** The listeners of each live project; a project that is absent does not exist. */
export type TenantDirectory = ReadonlyMap<ProjectId, readonly Listener[]>;

export type EndpointDirectory = {
  peek(tenantId: TenantId): TenantDirectory | undefined;
  get(tenantId: TenantId): Promise<TenantDirectory>;
  drop(tenantId: TenantId): void;
  clear(): void;
};

const cachedTenantsMax = 10_000;

export function createEndpointDirectory(options: {
  database: Database;
  clock: Clock;
  cacheTrusted(): boolean;
}): EndpointDirectory {
  return createCoherentCache<TenantId, TenantDirectory>({
    load: (tenantId) => loadDirectory(options.database, tenantId),
    trusted: options.cacheTrusted,
    monotonicMs: options.clock.monotonicMs,
    entriesMax: cachedTenantsMax,
  });
}

async function loadDirectory(database: Database, tenantId: TenantId): Promise<TenantDirectory> {
  const [projectIds, endpoints] = await database.withTenant(tenantId, (tx) =>
    Promise.all([listProjectIds(tx), listListeningEndpoints(tx)]),
  );
  const directory = new Map<ProjectId, Listener[]>(projectIds.map((id) => [id, []]));
  for (const endpoint of endpoints) {
    const { id, projectId, ordered, status } = endpoint;
    const disabled = status === 'disabled';
    directory.get(projectId)?.push({ id, ordered, disabled, wants: compileWants(endpoint) });
  }
  return directory;
}

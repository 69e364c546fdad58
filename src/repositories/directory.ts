/** What accepting an event needs to know of a tenant: its projects and who listens to what. */
import { isNull } from 'drizzle-orm';
import { projects } from '../../db/schema/tenants.ts';
import { endpoints } from '../../db/schema/webhooks.ts';
import type { EventFilter } from '../domain/filter-problems.ts';
import type { EndpointId, ProjectId } from '../domain/ids.ts';
import type { TenantTx } from './transactions.ts';

export type ListeningEndpoint = {
  id: EndpointId;
  projectId: ProjectId;
  eventTypes: string[];
  filter: EventFilter | null;
  ordered: boolean;
  status: 'active' | 'paused' | 'disabled';
};

export async function listProjectIds(tx: TenantTx): Promise<ProjectId[]> {
  const rows = await tx.run(
    'listProjectIds',
    tx.db.select({ id: projects.id }).from(projects).where(isNull(projects.deletedAt)),
  );
  return rows.map(({ id }) => id);
}

export function listListeningEndpoints(tx: TenantTx): Promise<ListeningEndpoint[]> {
  return tx.run(
    'listListeningEndpoints',
    tx.db
      .select({
        id: endpoints.id,
        projectId: endpoints.projectId,
        eventTypes: endpoints.eventTypes,
        filter: endpoints.filter,
        ordered: endpoints.ordered,
        status: endpoints.status,
      })
      .from(endpoints)
      .where(isNull(endpoints.deletedAt)),
  );
}

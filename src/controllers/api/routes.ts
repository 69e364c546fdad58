/** The whole API: one line for each resource. */
import { Elysia } from 'elysia';
import type { Identify } from '../authenticate.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditLogRoutes } from './audit-log.ts';
import { deliveryRoutes } from './deliveries.ts';
import { endpointActionRoutes } from './endpoint-actions.ts';
import { endpointRoutes } from './endpoints.ts';
import { type EventStreamDeps, eventStreamRoutes } from './event-stream.ts';
import { eventRoutes } from './events.ts';
import { invitationRoutes } from './invitations.ts';
import { listenerRoutes } from './listeners.ts';
import { memberRoutes } from './members.ts';
import { portalRoutes } from './portal-links.ts';
import { projectRoutes } from './projects.ts';
import type { ReceiverDeps } from './receive-source.ts';
import { replayRoutes } from './replays.ts';
import { sourceRoutes } from './sources.ts';
import { usageRoutes } from './usage.ts';
import { type IngestHandlers, webhookRoutes } from './webhooks.ts';

export type ApiDeps = { ingest: IngestHandlers; sources: ReceiverDeps; live: EventStreamDeps };

export function apiRoutes(identify: Identify, { ingest, sources, live }: ApiDeps) {
  return new Elysia({ prefix: '/api/v1' })
    .use(webhookRoutes(ingest))
    .use(eventStreamRoutes(identify, live))
    .use(eventRoutes(identify))
    .use(deliveryRoutes(identify))
    .use(replayRoutes(identify))
    .use(endpointRoutes(identify))
    .use(endpointActionRoutes(identify))
    .use(listenerRoutes(identify))
    .use(sourceRoutes(identify, sources))
    .use(portalRoutes(identify))
    .use(projectRoutes(identify))
    .use(apiKeyRoutes(identify))
    .use(auditLogRoutes(identify))
    .use(memberRoutes(identify))
    .use(invitationRoutes(identify))
    .use(usageRoutes(identify));
}

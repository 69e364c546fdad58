/**
 * Sends an event of its own to one endpoint, through the same engine as every other. A paused
 * endpoint gets it when it is resumed.
 */
import { AppError } from '../../domain/errors.ts';
import { type DeliveryId, type EndpointId, type EventId, newId } from '../../domain/ids.ts';
import { testEventType } from '../../domain/test-events.ts';
import { insertQueuedDelivery } from '../../repositories/deliveries.ts';
import { lockEndpoint } from '../../repositories/endpoints.ts';
import { insertEvent } from '../../repositories/events.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleEndpoint } from './find-endpoint.ts';
import type { SentTest } from './schemas.ts';

export async function sendTest(ctx: Ctx, id: EndpointId): Promise<SentTest> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, wakeEndpoints, tellNews } = ctx.deps;
  const nowMs = clock.databaseNow();
  const eventId = newId<EventId>(nowMs);
  // Of the event's own millisecond: an event's deliveries are found by it without an index.
  const deliveryId = newId<DeliveryId>(nowMs);
  await database.withTenant(ctx.tenantId, async (tx) => {
    const row = requireVisibleEndpoint(ctx, id, await lockEndpoint(tx, id));
    if (row.status === 'disabled') {
      throw new AppError('conflict', 'The endpoint is disabled. Enable it first.');
    }
    const payload = JSON.stringify({
      message: 'A test event from opsforge.',
      endpointId: id,
      sentAt: new Date(nowMs).toISOString(),
    });
    const { projectId } = row;
    const apiKeyId = ctx.actor.kind === 'api_key' ? ctx.actor.id : null;
    await Promise.all([
      insertEvent(tx, { id: eventId, projectId, type: testEventType, payload, apiKeyId }),
      insertQueuedDelivery(tx, {
        ...{ id: deliveryId, projectId, eventId, endpointId: id, eventType: testEventType },
        ...{ attempts: 0, manual: false },
      }),
    ]);
    await recordChange(tx, ctx, {
      action: 'endpoint.tested',
      target: { id, label: row.url },
      projectId,
      after: { eventId, deliveryId },
    });
    tx.afterCommit(() => {
      wakeEndpoints([id]);
      tellNews(projectId, ['events', 'deliveries']);
    });
  });
  return { eventId, deliveryId };
}

/**
 * What is due of a listener, each as the request that a receiver gets. Changes nothing but that
 * the listener was heard of: what is lost on the way is pulled again, and what two pull and answer
 * counts once, by the guard of recording.
 */
import { requestHeaders, SendProblem } from '../../domain/dispatch/attempt.ts';
import { AppError } from '../../domain/errors.ts';
import { type AttemptId, type EndpointId, newId } from '../../domain/ids.ts';
import { listDue, listDueOrdered } from '../../repositories/delivery-feed.ts';
import { updateListenerHeard } from '../../repositories/listeners.ts';
import { type Ctx, requireScope } from '../context.ts';
import { findSettings, requireListening } from './require-listening.ts';
import type { PulledDeliveries, PullInput } from './schemas.ts';

/** Of payload: one answer stays small enough to be read whole. */
const bytesMax = 4 * 1_024 * 1_024;
/** Far below the day after which it counts as abandoned. */
const heardStepMs = 60_000;

export async function pullDeliveries(
  ctx: Ctx,
  id: EndpointId,
  { held }: PullInput,
): Promise<PulledDeliveries> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database, version } = ctx.deps;
  const nowMs = clock.databaseNow();
  const { settings, rows } = await database.withTenant(ctx.tenantId, async (tx) => {
    const endpoint = await requireListening(ctx, tx, id);
    const isNews = nowMs - endpoint.updatedAt.getTime() > heardStepMs;
    if (isNews) await updateListenerHeard(tx, id);
    const settings = await findSettings(ctx, tx, id);
    // In order means one at a time here: what comes next depends on what this one comes to.
    const inFlightMax = settings.ordered ? 1 : settings.maxInFlight;
    const capacity = inFlightMax - held.length;
    if (capacity <= 0) return { settings, rows: [] };
    const read = settings.ordered ? listDueOrdered : listDue;
    return { settings, rows: await read(tx, [{ endpointId: id, capacity }], held, bytesMax) };
  });
  try {
    return {
      // Without its event a delivery cannot be sent; it stays pending until the listener ends.
      data: rows.flatMap(({ payload, ...row }) =>
        payload === null
          ? []
          : {
              attemptId: newId<AttemptId>(nowMs),
              deliveryId: row.id,
              eventId: row.eventId,
              eventType: row.eventType,
              attempt: row.attempts + 1,
              timeoutMs: settings.timeoutMs,
              headers: requestHeaders({ ...row, payload }, settings, version, nowMs),
              body: payload,
            },
      ),
    };
  } catch (error) {
    if (error instanceof SendProblem) throw new AppError('conflict', error.message);
    throw error;
  }
}

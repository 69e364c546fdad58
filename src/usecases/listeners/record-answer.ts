/**
 * What the receiver behind a listener answered becomes the attempt of its delivery, by the same
 * rules and the same guard as what the engine sends. The same answer twice changes nothing the
 * second time.
 */
import { concludeAttempt } from '../../domain/dispatch/attempt.ts';
import { withoutOutsideText } from '../../domain/dispatch/attempt-record.ts';
import { AppError } from '../../domain/errors.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { findDelivery } from '../../repositories/deliveries.ts';
import { findIsManual } from '../../repositories/listeners.ts';
import { type Ctx, requireScope } from '../context.ts';
import { requireVisibleDelivery } from '../deliveries/find-delivery.ts';
import { recordAttempts } from '../deliveries/record-attempts.ts';
import { toDelivery } from '../deliveries/view.ts';
import { findSettings, requireListening } from './require-listening.ts';
import type { AnswerInput, RecordedAnswer } from './schemas.ts';

/** Who made the attempt, as the attempt says. */
const workerName = 'opsforge listen';

export async function recordAnswer(
  ctx: Ctx,
  id: DeliveryId,
  input: AnswerInput,
): Promise<RecordedAnswer> {
  requireScope(ctx, 'endpoints:write');
  const { clock, database } = ctx.deps;
  const { delivery, settings } = await database.withTenant(ctx.tenantId, async (tx) => {
    const { endpointId } = requireVisibleDelivery(ctx, id, await findDelivery(tx, id));
    await requireListening(ctx, tx, endpointId);
    const manual = await findIsManual(tx, id);
    const attempts = input.attempt - 1;
    const delivery = { id, tenantId: ctx.tenantId, endpointId, attempts, manual };
    return { delivery, settings: await findSettings(ctx, tx, endpointId) };
  });
  const { answer } = input;
  // By our clock: nobody knows what the listener's says.
  const endedAtMs = clock.databaseNow();
  const { record, pauseMs } = concludeAttempt(delivery, settings, {
    id: input.attemptId,
    startedAtMs: endedAtMs - answer.durationMs,
    endedAtMs,
    headers: input.requestHeaders,
    answer,
    isInterrupted: false,
    random: Math.random(),
  });
  const deps = { ...ctx.deps, workerName };
  let result = await recordAttempts(deps, [record], null);
  if (result.kind === 'refused') {
    result = await recordAttempts(deps, [withoutOutsideText(record)], null);
  }
  if (result.kind === 'away') {
    const message = 'The answer could not be recorded. Send it again.';
    throw new AppError('unavailable', message, { cause: result.error });
  }
  if (result.kind === 'refused') throw result.error;
  const row = await database.withTenant(ctx.tenantId, (tx) => findDelivery(tx, id));
  return { delivery: toDelivery(requireVisibleDelivery(ctx, id, row)), pauseMs };
}

/** What came of a test event: it is sent by the engine, so the page asks until it has ended. */

import { formatDuration } from '../../../views/components/format.ts';
import type { TestResult } from '../../../views/endpoint.tsx';
import { projectPath } from '../../../views/navigation.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { testEventType } from '../../domain/test-events.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { listAttempts } from '../../usecases/deliveries/list-attempts.ts';
import type { Attempt } from '../../usecases/deliveries/schemas.ts';
import { type EndpointCall, endpointPath } from './endpoint-frame.ts';

/** Null for a delivery that is no test of this endpoint: the address may hold anything. */
export async function readTestResult(
  call: EndpointCall,
  id: DeliveryId,
): Promise<TestResult | null> {
  const { ctx, place } = call;
  const delivery = await findDelivery(ctx, id);
  if (delivery.endpointId !== call.id || delivery.eventType !== testEventType) return null;
  const { data } = await listAttempts(ctx, id, { limit: 1 });
  const [attempt] = data;
  const base = {
    path: endpointPath(call, `?test=${id}`),
    href: projectPath(place, `/deliveries/${id}`),
    isOver: attempt !== undefined || delivery.status !== 'pending',
  };
  if (attempt === undefined) {
    return delivery.status === 'pending'
      ? { ...base, glyph: 'pending', title: 'The test event waits to be sent', text: waitsText }
      : { ...base, glyph: 'cancel', title: 'The test event was cancelled', text: '' };
  }
  const took = formatDuration(attempt.durationMs);
  const answer = answerWords(attempt);
  if (attempt.outcome === 'delivered') {
    return {
      ...base,
      glyph: 'ok',
      title: `The test event was delivered: ${answer}`,
      text: `It took ${took}.`,
    };
  }
  return {
    ...{ ...base, glyph: 'bad', tone: 'bad' },
    title: `The test event failed: ${answer}`,
    text: `It took ${took}${attempt.error === null ? '' : `: ${attempt.error.message}`}. It is tried again by the schedule.`,
  };
}

const waitsText = 'A paused endpoint gets it when it is resumed.';

function answerWords({ statusCode, error }: Attempt): string {
  return statusCode === null ? `no answer (${error?.code ?? 'unknown'})` : `answer ${statusCode}`;
}

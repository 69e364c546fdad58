/** What the engine tells of itself: callbacks for metrics, counts for gauges. */
import { type AttemptRecord, outcomeOf } from '../../domain/dispatch/attempt-record.ts';
import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import type { EndpointStates } from './endpoint-states.ts';
import type { Hand } from './hand.ts';

export type DeliveryObserver = {
  /** One for each attempt that counts; a superseded one does not. */
  attempt(outcome: 'delivered' | 'failed', projectId: ProjectId): void;
  /** Once for each delivery: from acceptance to its final answer; never for a manual attempt. */
  settled(endpointId: EndpointId, status: 'delivered' | 'failed', seconds: number): void;
  job(
    job: 'delivery-feed' | 'delivery-send' | 'delivery-record',
    outcome: 'success' | 'failure',
    seconds: number,
  ): void;
};

export type EngineCounts = {
  /** In memory and not started. */
  queued: number;
  inFlight: number;
  /** Sent and not recorded yet. */
  unrecorded: number;
  /** Since when the oldest that is due waits to be started; 0 when none does. */
  lagSeconds: number;
};

export function observeRecorded(
  observe: DeliveryObserver,
  delivery: ReadyDelivery,
  record: AttemptRecord,
): void {
  const outcome = outcomeOf(record.step);
  if (outcome === 'superseded') return;
  observe.attempt(outcome, delivery.projectId);
  const { kind } = record.step;
  if (kind !== 'delivered' && kind !== 'failed') return;
  const seconds = Math.max(0, record.endedAtMs - delivery.createdAtMs) / 1_000;
  observe.settled(record.endpointId, kind, seconds);
}

/** What waits because its endpoint asked to be left alone is not late. */
export function lagSeconds(hand: Hand, states: EndpointStates, nowMs: number): number {
  let oldestMs = nowMs;
  for (const { phase, delivery } of hand.all()) {
    if (phase !== 'queued' || delivery.dueAtMs >= oldestMs) continue;
    const pausedUntilMs = states.find(delivery.endpointId)?.pausedUntilMs ?? 0;
    if (pausedUntilMs <= nowMs) oldestMs = delivery.dueAtMs;
  }
  return (nowMs - oldestMs) / 1_000;
}

/**
 * What a batch of attempts changes of endpoints, in the batch's own transaction: pauses, the turns
 * of their health, the end of those that answered 410 or failed for five days; and the events that
 * tell of it. For each endpoint in the order in which its attempts ended; endpoints by id, so that
 * two recorders lock them in the same order.
 */
import type { AttemptRecord } from '../../domain/dispatch/attempt-record.ts';
import { failingDaysMax } from '../../domain/dispatch/endpoint-health.ts';
import type { EndpointEvent } from '../../domain/endpoint-events.ts';
import type { EndpointId, ProjectId, TenantId } from '../../domain/ids.ts';
import {
  type TurnedEndpoint,
  updateEndpointDisabled,
  updateEndpointFailing,
  updateEndpointPause,
  updateEndpointRecovered,
} from '../../repositories/endpoint-health.ts';
import type { WorkerTx } from '../../repositories/transactions.ts';
import { recordOwnChange } from '../audit/record-change.ts';
import type { Change } from '../context.ts';
import { tellEndpointEvent } from '../endpoints/tell-endpoint-event.ts';

export type Turns = { changes: Change[]; woken: EndpointId[] };

/** @param nowMs database time, for the ids of events */
export async function turnEndpoints(
  tx: WorkerTx,
  records: readonly AttemptRecord[],
  superseded: ReadonlySet<number>,
  nowMs: number,
): Promise<Turns> {
  const turns: Turns = { changes: [], woken: [] };
  const isGone = ({ step }: AttemptRecord) => 'disablesEndpoint' in step && step.disablesEndpoint;
  const telling = records
    .map((record, index) => ({ record, gone: isGone(record) && !superseded.has(index) }))
    .filter(({ record, gone }) => gone || record.endpointChange !== null)
    .sort((a, b) => byEndpointAndEnd(a.record, b.record));
  for (const { record, gone } of telling) {
    const { tenantId, endpointId, endpointChange, endedAtMs } = record;
    const pause = endpointChange?.pause ?? null;
    if (pause !== null) {
      await updateEndpointPause(tx, record, { ...pause, decidedAtMs: endedAtMs });
    }
    const turned = gone ? await disable(tx, record, 'gone') : await turn(tx, record);
    if (turned === null) continue;
    turns.changes.push({ kind: 'endpoints', tenantId, endpointId });
    const about = { tenantId, projectId: turned.projectId, nowMs };
    if (turned.event.status === 'disabled') await recordDisabled(tx, about, turned.event);
    turns.woken.push(...(await tellEndpointEvent(tx, about, turned.event)));
  }
  return turns;
}

function byEndpointAndEnd(a: AttemptRecord, b: AttemptRecord): number {
  if (a.endpointId !== b.endpointId) return a.endpointId < b.endpointId ? -1 : 1;
  return a.endedAtMs - b.endedAtMs;
}

type Turned = Pick<TurnedEndpoint, 'projectId'> & { event: EndpointEvent };

async function turn(tx: WorkerTx, record: AttemptRecord): Promise<Turned | null> {
  const health = record.endpointChange?.health ?? null;
  switch (health?.kind) {
    case undefined:
      return null;
    case 'failed_for_days':
      return disable(tx, record, 'failing_for_5_days');
    case 'failing': {
      const row = await updateEndpointFailing(tx, record, health.sinceMs);
      if (row === null) return null;
      const event = { ...eventOf(record, row), status: 'failing' as const, reason: health.by };
      return { projectId: row.projectId, event };
    }
    case 'recovered': {
      const row = await updateEndpointRecovered(tx, record);
      if (row === null) return null;
      const turned = { status: 'recovered' as const, reason: 'delivered' as const };
      return { projectId: row.projectId, event: { ...eventOf(record, row), ...turned } };
    }
  }
}

async function disable(
  tx: WorkerTx,
  record: AttemptRecord,
  reason: 'gone' | 'failing_for_5_days',
): Promise<Turned | null> {
  const daysMin = reason === 'gone' ? 0 : failingDaysMax;
  const row = await updateEndpointDisabled(tx, record, reason, daysMin);
  if (row === null) return null;
  return {
    projectId: row.projectId,
    event: { ...eventOf(record, row), status: 'disabled', reason },
  };
}

function recordDisabled(
  tx: WorkerTx,
  about: { tenantId: TenantId; projectId: ProjectId; nowMs: number },
  { endpointId, url, status, reason }: EndpointEvent,
): Promise<void> {
  return recordOwnChange(tx, about, {
    action: 'endpoint.disabled',
    target: { id: endpointId, label: url },
    projectId: about.projectId,
    after: { status, statusReason: reason },
  });
}

function eventOf({ endpointId, step }: AttemptRecord, { url, sinceMs }: TurnedEndpoint) {
  const lastError = 'lastError' in step ? step.lastError : null;
  return { endpointId, url, since: new Date(sinceMs).toISOString(), lastError };
}

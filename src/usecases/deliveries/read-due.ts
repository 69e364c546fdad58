/** What a leader asks of the database: who has work, and what is due of it. */
import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import { shardOf } from '../../domain/dispatch/ready-delivery.ts';
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';
import {
  type DueRequest,
  type DueRow,
  type EndpointRef,
  listDue,
  listDueEndpoints,
  listDueOrdered,
  listEndpointRefs,
  listNextDue,
  listPendingEndpoints,
  type PendingEndpoint,
} from '../../repositories/delivery-feed.ts';
import type { Deps } from '../context.ts';

export type { EndpointRef, PendingEndpoint };

type Database = Pick<Deps, 'database'>;

/** Every endpoint of the shards with pending rows, disabled and deleted ones too. */
export function findPendingEndpoints(
  { database }: Database,
  shards: readonly number[],
): Promise<PendingEndpoint[]> {
  return database.withWorker((tx) => listPendingEndpoints(tx, shards));
}

export function findDueEndpoints(
  { database }: Database,
  shards: readonly number[],
): Promise<EndpointRef[]> {
  return database.withWorker((tx) => listDueEndpoints(tx, shards));
}

export function findEndpointRefs(
  { database }: Database,
  endpointIds: readonly EndpointId[],
): Promise<EndpointRef[]> {
  const wanted = endpointIds.map((endpointId) => ({ endpointId, shard: shardOf(endpointId) }));
  return database.withWorker((tx) => listEndpointRefs(tx, wanted));
}

/** `payload` null: its event is missing, and sending it will say so. */
export type DueDelivery = Omit<ReadyDelivery, 'payload'> & { payload: string | null };
export type DueReading = {
  due: DueDelivery[];
  /** Endpoints with more that is due than was read. */
  more: Set<EndpointId>;
  /** When each endpoint next has something that is not due yet. */
  nextDueAtMs: Map<EndpointId, number>;
};

/** @param wanted.bytesMax of payload; the first row of a statement always fits */
export async function readDue(
  { database }: Database,
  wanted: {
    requests: readonly (DueRequest & { ordered: boolean })[];
    heldIds: readonly DeliveryId[];
    bytesMax: number;
  },
): Promise<DueReading> {
  const plain = wanted.requests.filter((request) => !request.ordered);
  const ordered = wanted.requests.filter((request) => request.ordered);
  const ids = wanted.requests.map((request) => request.endpointId);
  const { heldIds, bytesMax } = wanted;
  const [plainRows, orderedRows, next] = await database.withWorker((tx) =>
    Promise.all([
      plain.length === 0 ? [] : listDue(tx, plain, heldIds, bytesMax),
      ordered.length === 0 ? [] : listDueOrdered(tx, ordered, heldIds, bytesMax),
      listNextDue(tx, ids),
    ]),
  );
  const rows = [...plainRows, ...orderedRows];
  return {
    due: rows.filter((row) => !row.withheld),
    more: findEndpointsWithMore(wanted.requests, rows),
    nextDueAtMs: new Map(next.map((one) => [one.endpointId, one.dueAtMs])),
  };
}

function findEndpointsWithMore(
  requests: readonly DueRequest[],
  rows: readonly DueRow[],
): Set<EndpointId> {
  const more = new Set<EndpointId>();
  const counts = new Map<EndpointId, number>();
  for (const row of rows) {
    counts.set(row.endpointId, (counts.get(row.endpointId) ?? 0) + 1);
    if (row.withheld) more.add(row.endpointId);
  }
  for (const { endpointId, capacity } of requests) {
    if ((counts.get(endpointId) ?? 0) >= capacity) more.add(endpointId);
  }
  return more;
}

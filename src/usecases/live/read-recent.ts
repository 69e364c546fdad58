/**
 * The newest events and deliveries of a project in one transaction, each as its JSON text, for all
 * who watch it. Bounded whatever happens: at most `rowsMax` of each are looked at, at most
 * `itemsMax` are written out.
 */
import { type DeliveryId, type EventId, idAt } from '../../domain/ids.ts';
import { countDeliveries, listDeliveries } from '../../repositories/delivery-lists.ts';
import { listEvents } from '../../repositories/events.ts';
import type { Database, TenantTx } from '../../repositories/transactions.ts';
import { toDelivery } from '../deliveries/view.ts';
import { toListedEvent } from '../events/view.ts';
import type { Place } from './hub.ts';

/** Newest first; `text` is null for what is only counted. */
export type RecentItem = { id: string; text: string | null };

/** A page of a list on a screen; who falls behind by more reads the list. */
export const itemsMax = 50;
/** Past so many, "and more" is as good as a number. */
const rowsMax = 200;

export type RecentQuery = {
  /** Made, by their ids, from this time on; ms by the database's clock. */
  fromMs: number;
  events: boolean;
  deliveries: boolean;
  /** Those that nobody needs are neither counted nor written. */
  isWanted(id: string): boolean;
};

export type Recent = { events: RecentItem[]; deliveries: RecentItem[] };

export function readRecent(
  database: Database,
  { tenantId, projectId }: Place,
  query: RecentQuery,
): Promise<Recent> {
  return database.withTenant(tenantId, async (tx) => ({
    events: query.events ? await readEvents(tx, projectId, query) : [],
    deliveries: query.deliveries ? await readDeliveries(tx, projectId, query) : [],
  }));
}

/** Safe casts below: bounds are compared with ids and never looked up. */
async function readEvents(tx: TenantTx, projectId: Place['projectId'], query: RecentQuery) {
  const range = { from: idAt(query.fromMs) as EventId, before: null };
  const filter = { projectId, type: null, text: null, range, limit: rowsMax };
  const { rows } = await listEvents(tx, filter);
  const wanted = rows.filter(({ id }) => query.isWanted(id));
  const shown = wanted.slice(0, itemsMax);
  const counts = await countDeliveries(
    tx,
    shown.map(({ id }) => id),
  );
  return wanted.map((row, index): RecentItem => {
    const isShown = index < itemsMax;
    return { id: row.id, text: isShown ? write(toListedEvent(row, counts.get(row.id))) : null };
  });
}

async function readDeliveries(tx: TenantTx, projectId: Place['projectId'], query: RecentQuery) {
  const { rows } = await listDeliveries(tx, {
    ...{ projectId, status: null, endpointId: null, eventId: null, replayId: null, type: null },
    range: { from: idAt(query.fromMs) as DeliveryId, before: null },
    limit: rowsMax,
  });
  return rows.map((row): RecentItem => ({ id: row.id, text: write(toDelivery(row)) }));
}

const write = (item: object) => JSON.stringify(item);

/** Replays for tests: made through the use case, moved on page by page with bounds of one's own. */
import type { EndpointId, EventId, ReplayId } from '../../src/domain/ids.ts';
import { newId } from '../../src/domain/ids.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createClock } from '../../src/lib/clock.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import type { Ctx, Deps } from '../../src/usecases/context.ts';
import { createReplay } from '../../src/usecases/replays/create-replay.ts';
import {
  advanceReplay,
  type ReplayLimits,
  replayLimits,
} from '../../src/usecases/replays/run-replay.ts';
import type { Replay, ReplayInput } from '../../src/usecases/replays/schemas.ts';
import type { TestDatabase } from './database.ts';
import { createEndedRow, createEventRow } from './deliveries.ts';
import { createEndpointRow, createTenant, type TestTenant, testSecretBox } from './tenants.ts';

const hourMs = 3_600_000;

export type ReplayWorld = {
  db: TestDatabase;
  tenant: TestTenant;
  endpointId: EndpointId;
  ctx: Ctx;
  woken: EndpointId[];
};

export function testDeps(
  database: Database,
  clock: Clock = createClock(),
): Deps & { woken: EndpointId[] } {
  const woken: EndpointId[] = [];
  return {
    ...{ database, clock, woken, secretBox: testSecretBox, version: '0.0.0' },
    ...{ database, clock, woken, secretBox: testSecretBox, eventsKeptMs: 30 * 86_400_000 },
    checkOutboundUrl: async () => null,
    mail: null,
    publicUrl: () => 'https://opsforge.test',
    wakeEndpoints: (ids) => void woken.push(...ids),
    announceChange: () => {},
    tellNews: () => {},
  };
}

/** A fresh tenant with one endpoint that wants everything. */
export async function newReplayWorld(db: TestDatabase, clock?: Clock): Promise<ReplayWorld> {
  const tenant = await createTenant(db.database);
  const endpointId = await createEndpointRow(db.database, tenant, 'https://example.com/');
  const deps = testDeps(db.database, clock);
  const ctx: Ctx = { deps, tenantId: tenant.tenantId, actor: { kind: 'operator' }, origin: null };
  return { db, tenant, endpointId, ctx, woken: deps.woken };
}

/** So many events, some minutes old, each with an ended delivery; answers the events. */
export async function endedEvents(
  { db, tenant, endpointId }: Pick<ReplayWorld, 'db' | 'tenant' | 'endpointId'>,
  count: number,
  values: Parameters<typeof createEndedRow>[4] = { status: 'failed' },
): Promise<EventId[]> {
  const eventIds: EventId[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = newId<EventId>(Date.now() - hourMs / 2 + index);
    eventIds.push(await createEventRow(db.database, tenant, { id }));
    await createEndedRow(db.database, tenant, id, endpointId, values);
  }
  return eventIds;
}

/** Over the last hour, and the next: the bound is the moment of the request. */
export function makeReplay(
  { ctx, tenant }: ReplayWorld,
  filter: Partial<ReplayInput['filter']> = { status: 'failed' },
  rest: Partial<Omit<ReplayInput, 'filter'>> = {},
): Promise<Replay> {
  const since = new Date(Date.now() - hourMs);
  const until = new Date(Date.now() + hourMs);
  return createReplay(ctx, {
    ...{ projectId: tenant.projectId, dryRun: false, ...rest },
    filter: { since, until, ...filter },
  });
}

/** So many rows a page, of whatever kind. */
export const pagesOf = (rows: number): ReplayLimits => ({
  ...replayLimits,
  ...{ countedRows: rows, createdRows: rows, events: rows, created: rows },
});

/** Page by page until all is made (or it waits); `between` runs after each. Answers the pages. */
export async function makePages(
  { ctx }: ReplayWorld,
  replayId: string,
  limits: ReplayLimits = replayLimits,
  between: () => Promise<unknown> = async () => {},
): Promise<number> {
  for (let pages = 1; pages < 1_000; pages += 1) {
    const row = await advanceReplay(ctx.deps, refOf(ctx, replayId), { limits });
    if (row === null || row.status !== 'running' || row.phase === 'settling') return pages;
    await between();
  }
  throw new Error('the replay does not end');
}

export function refOf(ctx: Ctx, replayId: string) {
  // Safe because it is the id of a replay that the API answered.
  return { tenantId: ctx.tenantId, id: replayId as ReplayId };
}

/** Ends what the replay has pending, or so many of it, as if it had been sent. */
export async function endMade(
  db: TestDatabase,
  replayId: string,
  status: 'delivered' | 'failed' | 'cancelled',
  count: number | null = null,
): Promise<void> {
  await db.admin.sql`
    with gone as (
      delete from delivery_queue
      where id in (select id from delivery_queue where replay_id = ${replayId} limit ${count})
      returning *
    )
    insert into deliveries (id, tenant_id, project_id, event_id, endpoint_id, event_type, status,
      attempts, created_at, completed_at, replay_id)
    select id, tenant_id, project_id, event_id, endpoint_id, event_type, ${status}, 1, created_at,
      now(), replay_id from gone`;
}

/** Of each delivery that the replay made and that is pending: which event to which endpoint. */
export async function madeBy(
  { db }: ReplayWorld,
  replayId: string,
): Promise<{ eventId: EventId; endpointId: EndpointId; position: string | null }[]> {
  return db.admin.sql<{ eventId: EventId; endpointId: EndpointId; position: string | null }[]>`
    select event_id as "eventId", endpoint_id as "endpointId", position from delivery_queue
    where replay_id = ${replayId} order by event_id, endpoint_id`;
}

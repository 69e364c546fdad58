/** What the tests of the engine's scheduling share: one database, stops after each test. */
import { afterAll, afterEach, beforeAll } from 'bun:test';
import type { EndpointId } from '../../src/domain/ids.ts';
import { createClock } from '../../src/lib/clock.ts';
import type { Ctx } from '../../src/usecases/context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { startEngine, type TestEngine } from './delivery-engine.ts';
import { type Behaviour, type Receiver, startReceiver } from './receiver.ts';
import { createEndpointRow, createTenant, type TestTenant, testSecretBox } from './tenants.ts';

type EndpointValues = Parameters<typeof createEndpointRow>[3];

export type Arrangement = {
  db: TestDatabase;
  arrange(
    values?: EndpointValues,
    behaviour?: Behaviour,
  ): Promise<{ tenant: TestTenant; receiver: Receiver; endpointId: EndpointId }>;
  /** Another endpoint of the tenant, with a receiver of its own. */
  add(
    tenant: TestTenant,
    values?: EndpointValues,
    behaviour?: Behaviour,
  ): Promise<{ receiver: Receiver; endpointId: EndpointId }>;
  start(overrides?: Parameters<typeof startEngine>[1]): TestEngine;
};

/** Calls bun's hooks: once at the top of a file. */
export function arrangeEngines(): Arrangement {
  const stops: (() => Promise<void>)[] = [];
  const arrangement: Partial<Arrangement> & Omit<Arrangement, 'db'> = {
    async arrange(values, behaviour) {
      const tenant = await createTenant(found().database);
      return { tenant, ...(await arrangement.add(tenant, values, behaviour)) };
    },
    async add(tenant, values = {}, behaviour) {
      const receiver = startReceiver(behaviour);
      stops.push(() => receiver.stop());
      const { database } = found();
      const endpointId = await createEndpointRow(database, tenant, receiver.url, values);
      return { receiver, endpointId };
    },
    start(overrides = {}) {
      const started = startEngine(found(), overrides);
      stops.push(() => started.stop());
      return started;
    },
  };
  const found = () => {
    if (arrangement.db === undefined) throw new Error('the database is not there yet');
    return arrangement.db;
  };
  beforeAll(async () => {
    arrangement.db = await createTestDatabase();
  });
  afterAll(() => found().drop());
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    // Each engine leads every shard: what one test left would be sent in the next.
    await found().admin.sql`delete from delivery_queue`;
  });
  // Safe because tests run after the hook that sets `db`.
  return arrangement as Arrangement;
}

/** What a person does in the process of this engine. */
export function personAt({ db }: Arrangement, { engine }: TestEngine, tenant: TestTenant): Ctx {
  return {
    tenantId: tenant.tenantId,
    actor: { kind: 'operator' },
    origin: null,
    deps: {
      database: db.database,
      clock: createClock(),
      secretBox: testSecretBox,
      version: '1.2.3',
      eventsKeptMs: 30 * 86_400_000,
      checkOutboundUrl: async () => null,
      mail: null,
      publicUrl: () => 'https://opsforge.test',
      wakeEndpoints: (endpointIds) => engine.wakeEndpoints(endpointIds),
      announceChange(change) {
        if (change.kind === 'endpoints') engine.endpointChanged(change);
      },
      tellNews: () => {},
    },
  };
}

/** A clock whose database time is set forward by `skipMs`. */
export function createSkippingClock() {
  const clock = createClock();
  let skippedMs = 0;
  return {
    clock: { ...clock, databaseNow: () => clock.databaseNow() + skippedMs },
    skip(ms: number) {
      skippedMs += ms;
    },
  };
}

export const answers = (status: number, headers: Record<string, string> = {}): Behaviour => {
  return () => new Response(null, { status, headers });
};

export const numbers = (count: number, from = 1) =>
  Array.from({ length: count }, (_, at) => `${from + at}`);

export const bodiesOf = (receiver: Receiver) =>
  receiver.requests.map((request) => request.body.toString());

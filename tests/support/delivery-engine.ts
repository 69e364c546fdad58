/**
 * The delivery engine for tests: on the real HTTP client and a real database, fed with rows as the
 * accept batch writes them, and what it has recorded, as the endpoint's owner sees it.
 */
import { parseCidr } from '../../src/domain/addresses.ts';
import type { Change } from '../../src/domain/changes.ts';
import { type ReadyDelivery, shardCount } from '../../src/domain/dispatch/ready-delivery.ts';
import { type DeliveryId, type EndpointId, type EventId, newId } from '../../src/domain/ids.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { createHttpClient } from '../../src/outbound/http-client.ts';
import { insertEvents } from '../../src/repositories/accepted-events.ts';
import type { Database } from '../../src/repositories/transactions.ts';
import {
  createDeliveryEngine,
  type DeliveryEngine,
  type EngineOptions,
} from '../../src/workers/delivery/engine.ts';
import type { TestDatabase } from './database.ts';
import { type TestTenant, testSecretBox } from './tenants.ts';

export const allShards: readonly number[] = Array.from({ length: shardCount }, (_, at) => at);
export const quietLog = createLog('silent');

type QueueOptions = { ordered?: boolean; orderingKey?: string | null; hops?: number };

/** Writes one event for each payload with a delivery to the endpoint, as the accept batch does. */
export async function queueDeliveries(
  database: Database,
  tenant: TestTenant,
  endpointId: EndpointId,
  payloads: readonly string[],
  { ordered = false, orderingKey = null, hops = 0 }: QueueOptions = {},
): Promise<ReadyDelivery[]> {
  const { tenantId, projectId } = tenant;
  const ready = payloads.map(
    (payload): ReadyDelivery => ({
      id: newId<DeliveryId>(Date.now()),
      tenantId,
      projectId,
      endpointId,
      eventId: newId<EventId>(Date.now()),
      eventType: 'invoice.paid',
      payload,
      hops,
      attempts: 0,
      createdAtMs: Date.now(),
      dueAtMs: Date.now(),
      orderingKey,
      position: null,
      manual: false,
    }),
  );
  const events = ready.map((delivery) => ({
    id: delivery.eventId,
    tenantId,
    projectId,
    apiKeyId: null,
    type: delivery.eventType,
    payload: delivery.payload,
    orderingKey,
    metadata: null,
    hops,
    deliveries: [{ id: delivery.id, endpointId, ordered, cancelled: false }],
  }));
  await database.withIngest([tenantId], (tx) => insertEvents(tx, events));
  return ready;
}

export type TestEngine = {
  engine: DeliveryEngine;
  changes: Change[];
  attempts: string[];
  settled: { endpointId: EndpointId; status: string; seconds: number }[];
  /** Resolves when so many attempts are recorded and counted. */
  attempted(count: number, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
};

function startClient() {
  const loopback = parseCidr('127.0.0.0/8');
  return createHttpClient({
    guard: createAddressGuard({
      allowed: loopback === null ? [] : [loopback],
      ownAddresses: () => null,
      nowMs: () => performance.now(),
    }),
    maxInFlight: 256,
    outboundProxy: null,
  });
}

/** An engine that leads all shards unless told otherwise. */
export function startEngine(
  db: TestDatabase,
  overrides: Partial<EngineOptions> & { shards?: readonly number[] } = {},
): TestEngine {
  const client = startClient();
  const changes: Change[] = [];
  const attempts: string[] = [];
  const settled: TestEngine['settled'] = [];
  const watchers = new Set<() => void>();
  const engine: DeliveryEngine = createDeliveryEngine({
    database: db.database,
    clock: createClock(),
    secretBox: testSecretBox,
    send: client.send,
    log: quietLog,
    version: '1.2.3',
    workerName: 'test-worker',
    limits: { inFlightMax: 128, pollMs: 5_000 },
    isListening: () => true,
    announceChange(change) {
      changes.push(change);
      if (change.kind === 'endpoints') engine.endpointChanged(change);
    },
    wakeEndpoints: (endpointIds) => engine.wakeEndpoints(endpointIds),
    observe: {
      attempt(outcome) {
        attempts.push(outcome);
        for (const watch of watchers) watch();
      },
      settled: (endpointId, status, seconds) => settled.push({ endpointId, status, seconds }),
      job: () => {},
    },
    ...overrides,
  });
  engine.gain(overrides.shards ?? allShards);
  engine.start();
  const attempted = (count: number, timeoutMs = 10_000) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(check);
        reject(new Error(`${attempts.length} of ${count} attempts after ${timeoutMs} ms`));
      }, timeoutMs);
      const check = () => {
        if (attempts.length < count) return;
        clearTimeout(timer);
        watchers.delete(check);
        resolve();
      };
      watchers.add(check);
      check();
    });
  return {
    engine,
    changes,
    attempts,
    settled,
    attempted,
    async stop() {
      await engine.stop(2_000);
      await client.close();
    },
  };
}

export type DeliveryRow = {
  id: DeliveryId;
  status: string;
  reason: string | null;
  attempts: number;
  lastStatusCode: number | null;
  lastError: string | null;
  /** From now, by the database; null once ended. */
  dueInSeconds: number | null;
};

/** Pending and ended deliveries of an endpoint together, oldest first. */
export async function findDeliveries(
  db: TestDatabase,
  endpointId: EndpointId,
): Promise<DeliveryRow[]> {
  return db.admin.sql<DeliveryRow[]>`
    select id, 'pending' as status, null as reason, attempts, last_status_code as "lastStatusCode",
      last_error as "lastError",
      extract(epoch from next_attempt_at - now())::float8 as "dueInSeconds"
    from delivery_queue where endpoint_id = ${endpointId} and not manual
    union all
    select id, status, reason, attempts, last_status_code, last_error, null
    from deliveries where endpoint_id = ${endpointId}
    order by id`;
}

export type AttemptRow = {
  attempt: number;
  outcome: string;
  statusCode: number | null;
  errorCode: string | null;
  errorMessage: string | null;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string> | null;
  responseBody: string | null;
  connectMs: number | null;
  worker: string;
};

export async function findAttempts(db: TestDatabase, id: DeliveryId): Promise<AttemptRow[]> {
  return db.admin.sql<AttemptRow[]>`
    select attempt, outcome, status_code as "statusCode", error_code as "errorCode",
      error_message as "errorMessage", request_headers as "requestHeaders",
      response_headers as "responseHeaders", response_body as "responseBody",
      connect_ms as "connectMs", worker
    from delivery_attempts where delivery_id = ${id} order by id`;
}

/** Makes what waits for a retry due now. */
export async function makeDue(db: TestDatabase, endpointId: EndpointId): Promise<void> {
  await db.admin.sql`update delivery_queue set next_attempt_at = now()
    where endpoint_id = ${endpointId}`;
}

/** Looks every 10 ms until what is read passes; for what no signal tells. */
export async function eventually<Value>(
  read: () => Promise<Value> | Value,
  passes: (value: Value) => boolean,
  timeoutMs = 10_000,
): Promise<Value> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (passes(value)) return value;
    if (performance.now() > endMs) throw new Error(`still ${JSON.stringify(value)}`);
    await Bun.sleep(10);
  }
}

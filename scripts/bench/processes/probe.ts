/**
 * What the machine can do: the least program that writes the same rows as the service. Bun.serve,
 * JSON.parse, group commit with the service's bounds, one statement a group; then, when told to,
 * sign, fetch and record in groups. No keys, no validation, no settings, no retries, no walls in
 * memory: the service is measured against this, on the same PostgreSQL with the same roles.
 */
import { newId } from '../../../src/domain/ids.ts';
import { signContent } from '../../../src/domain/signature.ts';
import { createBatcher } from '../../../src/lib/batcher.ts';
import { type Connection, connect } from '../../../src/repositories/connection.ts';
import { insertAll, type ProbeEvent, type ProbeRecord, recordAll } from './probe-rows.ts';

export type ProbeCommands = ReturnType<typeof probeCommands>;

type OpenOptions = {
  databaseUrl: string;
  tenantId: string;
  projectId: string;
  /** In turns; none: events without deliveries. */
  endpointIds: string[];
  /** Where deliveries are sent; null: they stay in the table. */
  receiverUrl: string | null;
};

/** As src/usecases/webhooks/accept-event.ts. */
const accepting = { itemsMax: 500, bytesMax: 4 * 1024 * 1024, rowsMax: 5_000, inFlightMax: 3 };
/** As src/workers/delivery/recorder.ts. */
const recording = { ...accepting, inFlightMax: 2, besideItemsMin: 200 };
/** As src/app/deps.ts. */
const deliveriesInFlightMax = 256;
const unbounded = { waitingBytesMax: 2 ** 40, waitingItemsMax: 1_000_000 };
const refuse = () => new Error('the probe takes everything');
const weigh = () => ({ bytes: 1_000, rows: 1 });

export function probeCommands() {
  return {
    /** Answers the port on which it accepts events, at any path. */
    async open(options: OpenOptions): Promise<number> {
      const deliver = options.receiverUrl === null ? null : await createDelivery(options);
      const connections = await openConnections(options.databaseUrl, accepting.inFlightMax);
      const batcher = createBatcher<ProbeEvent, true>({
        async write(events) {
          await use(connections, (connection) => insertAll(connection, options.tenantId, events));
          deliver?.(events);
          return events.map(() => true as const);
        },
        ...{ weigh, refuse, ...accepting, ...unbounded },
        besideItemsMin: 24,
      });
      let turn = 0;
      const server = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        async fetch(request) {
          const body = JSON.parse(await request.text());
          const id = Bun.randomUUIDv7();
          const endpointId = options.endpointIds[turn++ % options.endpointIds.length] ?? null;
          const event: ProbeEvent = {
            id,
            deliveryId: endpointId === null ? null : Bun.randomUUIDv7(),
            tenantId: options.tenantId,
            projectId: options.projectId,
            endpointId,
            type: body.type,
            payload: JSON.stringify(body.payload),
          };
          await batcher.submit(event);
          return Response.json({ id }, { status: 202 });
        },
      });
      return server.port ?? 0;
    },
  };
}

async function openConnections(url: string, count: number): Promise<Connection[]> {
  const applicationName = 'opsforge bench probe';
  return Promise.all(Array.from({ length: count }, () => connect({ url, applicationName })));
}

/** The batcher's own bound keeps one free. */
async function use(
  idle: Connection[],
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = idle.pop();
  if (connection === undefined) throw new Error('no connection is free');
  await work(connection);
  idle.push(connection);
}

/** Sends what was committed, from memory, and records it. */
async function createDelivery(options: OpenOptions): Promise<(events: ProbeEvent[]) => void> {
  const { receiverUrl, databaseUrl } = options;
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const connections = await openConnections(databaseUrl, recording.inFlightMax);
  const recorder = createBatcher<ProbeRecord, true>({
    async write(records) {
      await use(connections, (connection) => recordAll(connection, records));
      return records.map(() => true as const);
    },
    ...{ weigh, refuse, ...recording, ...unbounded },
  });
  let waiting: ProbeEvent[] = [];
  let at = 0;
  let inFlight = 0;

  async function send(event: ProbeEvent): Promise<void> {
    inFlight += 1;
    const startedAtMs = Date.now();
    const startedMs = performance.now();
    const timestampSeconds = Math.floor(startedAtMs / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'opsforge-probe',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': signContent({
        ...{ id: event.id, timestampSeconds, body: event.payload, keys: [secret] },
      }),
      'opsforge-delivery-id': event.deliveryId ?? '',
      'opsforge-attempt': '1',
      'opsforge-hops': '1',
    };
    const answer = await fetch(receiverUrl ?? '', {
      ...{ method: 'POST', headers, body: event.payload },
      redirect: 'manual',
    });
    const firstByteMs = performance.now() - startedMs;
    const body = await answer.text();
    inFlight -= 1;
    pump();
    await recorder.submit({
      ...{ id: newId<string>(startedAtMs), event, startedAtMs, firstByteMs },
      endedAtMs: Date.now(),
      durationMs: Math.round(performance.now() - startedMs),
      statusCode: answer.status,
      requestHeaders: JSON.stringify(headers),
      responseHeaders: JSON.stringify(answer.headers),
      responseBody: body,
    });
  }

  function pump(): void {
    while (inFlight < deliveriesInFlightMax && at < waiting.length) {
      const event = waiting[at++];
      if (event !== undefined) void send(event);
    }
    if (at === waiting.length) {
      waiting = [];
      at = 0;
    }
  }

  return (events) => {
    for (const event of events) if (event.deliveryId !== null) waiting.push(event);
    pump();
  };
}

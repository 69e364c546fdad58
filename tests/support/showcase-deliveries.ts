/**
 * What a project has received and sent within an hour: events of several kinds, deliveries in every
 * state with all their attempts. Not before midnight UTC: tests have no partition of yesterday.
 */
import { type DeliveryId, type EndpointId, type EventId, newId } from '../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from './deliveries.ts';
import type { TestPages } from './signed-in.ts';
import { createKey, type TestTenant } from './tenants.ts';

const eventCount = 60;
const spanMsMax = 3_300_000;
const dayMs = 86_400_000;
/** Seconds between attempts, as an endpoint's schedule has them. */
const waitsS = [0, 5, 305, 2_105];

const types = [
  ...['shipment.created', 'invoice.payment_failed', 'order.updated', 'invoice.paid'],
  ...['shipment.customs_hold', 'parcel.scanned', 'customer.subscription.updated'],
];

type Fate = { status: 'delivered' | 'failed' | 'cancelled' | 'pending'; answers: Answer[] };
type Answer = 200 | 202 | 204 | 410 | 429 | 502 | 503 | 'timeout';

const goodFates: readonly Fate[] = [
  { status: 'delivered', answers: [200] },
  { status: 'delivered', answers: [202] },
  { status: 'delivered', answers: [204] },
  { status: 'delivered', answers: [502, 200] },
];
const badFates: readonly Fate[] = [
  { status: 'pending', answers: [502, 'timeout', 503] },
  { status: 'pending', answers: [503, 503] },
  { status: 'failed', answers: ['timeout', 503, 503, 503] },
  { status: 'failed', answers: [503, 'timeout'] },
  { status: 'cancelled', answers: [410] },
  { status: 'pending', answers: [] },
  { status: 'delivered', answers: [429, 200] },
];

const messages: Record<Answer, string> = {
  200: '',
  202: '',
  204: '',
  410: 'Gone',
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  timeout: 'No answer within 15 s',
};

/** @param endpoints the first of them is the one in trouble */
export async function fillDeliveries(
  pages: TestPages,
  tenant: TestTenant,
  endpoints: readonly EndpointId[],
): Promise<void> {
  const nowMs = Date.now();
  const spanMs = Math.min(spanMsMax, nowMs % dayMs);
  const keys = [
    await createKey(pages.db.database, tenant),
    await createKey(pages.db.database, tenant),
  ];
  const names = ['checkout', 'wms-rotterdam'];
  for (const [index, { id }] of keys.entries()) {
    await pages.db.admin.sql`update api_keys set name = ${names[index] ?? ''} where id = ${id}`;
  }
  for (let index = 0; index < eventCount; index += 1) {
    // Close to one another at the end, as one sees them who looks now.
    const atMs = Math.floor(nowMs - 1_000 - spanMs * ((eventCount - 1 - index) / eventCount) ** 2);
    const type = types[index % types.length] ?? '';
    const orderingKey = index % 8 === 7 ? null : `order:${771_000 + index * 37}`;
    const eventId = await createEventRow(pages.db.database, tenant, {
      ...{ id: newId<EventId>(atMs), type, payload: payloadOf(index), orderingKey },
      ...{ apiKeyId: keys[index % keys.length]?.id ?? null, receivedAt: new Date(atMs) },
      metadata: { env: 'production', build: 'checkout@3f9c1a7' },
    });
    const wanting = endpoints.filter((_, place) => index % 9 !== 8 && (index + place) % 3 !== 0);
    for (const endpointId of wanting) {
      const fates = endpointId === endpoints[0] ? badFates : goodFates;
      const fate = fates[index % fates.length];
      if (fate)
        await addDelivery(pages, tenant, { eventId, endpointId, type, atMs, fate, orderingKey });
    }
  }
}

type Made = {
  eventId: EventId;
  endpointId: EndpointId;
  type: string;
  atMs: number;
  fate: Fate;
  orderingKey: string | null;
};

async function addDelivery(pages: TestPages, tenant: TestTenant, made: Made): Promise<void> {
  const { eventId, endpointId, type: eventType, atMs, fate, orderingKey } = made;
  // What would be later than now is still to come.
  const answers = fate.answers.filter((_, at) => atMs + (waitsS[at] ?? 0) * 1_000 < Date.now());
  const status = answers.length < fate.answers.length ? 'pending' : fate.status;
  const { database } = pages.db;
  const last = answers.at(-1);
  const id = newId<DeliveryId>(atMs);
  const common = {
    ...{ id, eventType, attempts: answers.length, createdAt: new Date(atMs) },
    lastStatusCode: typeof last === 'number' ? last : null,
    lastError: last === 'timeout' ? messages.timeout : null,
  };
  if (status === 'pending') {
    const nextAttemptAt = new Date(
      Date.now() + (answers.length === 0 ? 0 : answers.length * 37) * 60_000,
    );
    await createPendingRow(database, tenant, eventId, endpointId, {
      ...common,
      orderingKey,
      nextAttemptAt,
    });
  } else {
    const lastMs = atMs + (waitsS[answers.length - 1] ?? 0) * 1_000;
    const completedAt = new Date(Math.min(Date.now(), lastMs));
    const reason = status === 'failed' ? 'retries_exhausted' : null;
    const ended = { ...common, status, completedAt, reason };
    await createEndedRow(database, tenant, eventId, endpointId, ended);
  }
  for (const [index, answer] of answers.entries()) {
    await addAttempt(pages, tenant, { deliveryId: id, eventId, atMs, index, answer });
  }
}

async function addAttempt(
  pages: TestPages,
  tenant: TestTenant,
  made: { deliveryId: DeliveryId; eventId: EventId; atMs: number; index: number; answer: Answer },
): Promise<void> {
  const { deliveryId, eventId, atMs, index, answer } = made;
  const isTimeout = answer === 'timeout';
  const startedAt = new Date(atMs + (waitsS[index] ?? 0) * 1_000 + 12);
  const outcome = typeof answer === 'number' && answer < 300 ? 'delivered' : 'failed';
  const requestHeaders = JSON.stringify({
    'content-type': 'application/json',
    'user-agent': 'opsforge/0.1',
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(startedAt.getTime() / 1_000)),
    'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  });
  const isKept = index > 0 && index % 2 === 0;
  const durationMs = isTimeout ? 15_000 : 91 + ((index * 73) % 240);
  const responseHeaders = { 'content-type': 'application/json', server: 'ledgerly-edge/4.18' };
  const body = outcome === 'delivered' ? '{"ok":true}' : '{"error":"upstream","retry":true}';
  await pages.db.admin.sql`
    insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
      duration_ms, dns_ms, connect_ms, tls_ms, first_byte_ms, status_code, error_code,
      error_message, request_headers, response_headers, response_body, remote_address, worker)
    values (${tenant.tenantId}, ${deliveryId}, ${newId(startedAt.getTime())}, ${index + 1},
      ${outcome}, ${startedAt.toISOString()}, ${durationMs}, ${isKept ? null : 3}, ${isKept ? null : 21},
      ${isKept ? null : 33}, ${isTimeout ? null : durationMs - 60}, ${isTimeout ? null : answer},
      ${isTimeout ? 'timeout' : null}, ${messages[answer] === '' ? null : messages[answer]},
      ${requestHeaders}::text::json, ${isTimeout ? null : JSON.stringify(responseHeaders)}::text::json,
      ${isTimeout ? null : body}, '203.0.113.40', 'worker-1')`;
}

function payloadOf(index: number): string {
  return JSON.stringify({
    id: `pi_${index}`,
    invoice: { number: `NWF-2026-${118_200 + index}`, currency: 'EUR', amountDue: 18_420.5 },
    customer: { id: `cus_${40_000 + index}`, name: 'Grønland & Søn Spedisjon AS' },
    lines: Array.from({ length: index % 6 }, (_, line) => ({
      sku: `A-${line}`,
      quantity: line + 1,
    })),
    livemode: true,
  });
}

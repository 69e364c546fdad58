/** Endpoints whose deliveries are pulled: what `opsforge listen` stands on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { endpoints } from '../../db/schema/webhooks.ts';
import type { EndpointId } from '../../src/domain/ids.ts';
import { endAbandonedListeners } from '../../src/usecases/listeners/end-abandoned-listeners.ts';
import { startApi, type TestApi } from '../support/api.ts';
import type { TestTenant } from '../support/tenants.ts';

type Tenant = TestTenant & { key: string };
type Pulled = Record<'attemptId' | 'deliveryId' | 'eventId' | 'body', string> & {
  attempt: number;
  headers: Record<string, string>;
};

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const payload = '{"n":12345678901234567890,"e":"\\u00e9 é"}';

async function listen(tenant: Tenant, body: object = {}) {
  const made = await api.send('POST', '/api/v1/listeners', { key: tenant.key, body });
  expect(made.status).toBe(201);
  return { id: made.string('id'), secret: made.string('secret'), body: made.body };
}

async function post(tenant: Tenant, type = 'invoice.paid'): Promise<string> {
  const rawBody = `{"type":"${type}","payload":${payload}}`;
  const headers = { 'content-type': 'application/json' };
  const sent = await api.send('POST', '/api/v1/webhooks', { key: tenant.key, rawBody, headers });
  expect(sent.status).toBe(202);
  return sent.string('id');
}

async function pull(tenant: Tenant, id: string, held: string[] = []): Promise<Pulled[]> {
  const path = `/api/v1/listeners/${id}/pull`;
  const pulled = await api.send('POST', path, { key: tenant.key, body: { held } });
  expect(pulled.status).toBe(200);
  return Object(pulled.body).data;
}

const timings = { dnsMs: 0, connectMs: 1, tlsMs: null, firstByteMs: 5 };
const answered = (statusCode: number, headers: Record<string, string> = {}) => ({
  ...{ kind: 'answer', statusCode, headers, body: 'ok\0', durationMs: 7 },
  ...{ timings, remoteAddress: '127.0.0.1' },
});
const refused = {
  ...{ kind: 'error', error: { code: 'connection_refused', message: 'refused' } },
  ...{ statusCode: null, durationMs: 3, timings, remoteAddress: null },
};

function answer(tenant: Tenant, { deliveryId, attemptId, attempt, headers }: Pulled, how: object) {
  const body = { attemptId, attempt, requestHeaders: headers, answer: how };
  return api.send('POST', `/api/v1/deliveries/${deliveryId}/answer`, { key: tenant.key, body });
}

async function attemptsOf(tenant: Tenant, { deliveryId }: Pulled) {
  const path = `/api/v1/deliveries/${deliveryId}/attempts`;
  return Object((await api.send('GET', path, { key: tenant.key })).body).data;
}

async function first(pulled: Promise<Pulled[]>): Promise<Pulled> {
  const [one] = await pulled;
  if (one === undefined) throw new Error('nothing was pulled');
  return one;
}

describe('a listener', () => {
  test('is an endpoint that nothing is sent to', async () => {
    const tenant = await api.newTenant();
    const { body } = await listen(tenant, { eventTypes: ['invoice.*'], description: 'mine' });
    expect(body).toMatchObject({
      ...{ status: 'paused', statusReason: 'listening', description: 'mine' },
      ...{ eventTypes: ['invoice.*'], url: 'http://listen.invalid/' },
    });
  });

  test('gets what its types want, as a receiver would: bytes, headers and signature', async () => {
    const tenant = await api.newTenant();
    const { id, secret } = await listen(tenant, { eventTypes: ['invoice.*'] });
    await post(tenant, 'customer.made');
    const eventId = await post(tenant);
    const pulled = await pull(tenant, id);
    expect(pulled).toHaveLength(1);
    const [one] = pulled;
    expect(one).toMatchObject({ eventId, eventType: 'invoice.paid', attempt: 1, body: payload });
    expect(one?.headers).toMatchObject({
      ...{ 'webhook-id': eventId, 'opsforge-attempt': '1', 'opsforge-hops': '1' },
      ...{ 'content-type': 'application/json', 'opsforge-delivery-id': String(one?.deliveryId) },
    });
    const webhook = new Webhook(secret);
    expect(webhook.verify(payload, one?.headers ?? {})).toEqual(JSON.parse(payload));
    expect(() => webhook.verify(`${payload} `, one?.headers ?? {})).toThrow();
  });

  test('gets the same again until it answers, save what it says it holds', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    const one = await first(pull(tenant, id));
    expect((await first(pull(tenant, id))).deliveryId).toBe(one.deliveryId);
    expect(await pull(tenant, id, [one.deliveryId])).toEqual([]);
  });

  test('gets no more than its maxInFlight, and one by one when it is ordered', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    const change = (body: object) =>
      api.send('PATCH', `/api/v1/endpoints/${id}`, { key: tenant.key, body });
    await change({ maxInFlight: 2 });
    for (let sent = 0; sent < 3; sent += 1) await post(tenant);
    const two = await pull(tenant, id);
    expect(two).toHaveLength(2);
    expect(await pull(tenant, id, [two[0]?.deliveryId ?? ''])).toHaveLength(1);
    await change({ ordered: true });
    expect(await pull(tenant, id)).toHaveLength(1);
    expect(await pull(tenant, id, [two[0]?.deliveryId ?? ''])).toEqual([]);
  });

  test('says what its receiver answered: the delivery and its attempt tell it', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    const one = await first(pull(tenant, id));
    const recorded = await answer(tenant, one, answered(200, { server: 'mine' }));
    expect(recorded.body).toMatchObject({
      ...{ delivery: { status: 'delivered', attempts: 1, lastStatusCode: 200 }, pauseMs: null },
    });
    expect(await attemptsOf(tenant, one)).toMatchObject([
      {
        ...{ id: one.attemptId, attempt: 1, outcome: 'delivered', durationMs: 7, timings },
        ...{ requestHeaders: one.headers, responseHeaders: { server: 'mine' } },
        ...{ responseBody: 'ok\ufffd', remoteAddress: '127.0.0.1', worker: 'opsforge listen' },
      },
    ]);
    expect(await pull(tenant, id)).toEqual([]);
  });

  test('may answer twice when it did not hear: the second changes nothing', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    const one = await first(pull(tenant, id));
    await answer(tenant, one, refused);
    const again = await answer(tenant, one, refused);
    expect(again.body).toMatchObject({ delivery: { status: 'pending', attempts: 1 } });
    expect(await attemptsOf(tenant, one)).toHaveLength(1);
  });

  test('waits for the schedule after a failure; what comes too late counts no more', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    const one = await first(pull(tenant, id));
    const same = await first(pull(tenant, id));
    const failed = await answer(tenant, one, refused);
    expect(failed.body).toMatchObject({
      delivery: { status: 'pending', lastError: 'connection_refused: refused' },
    });
    expect(await pull(tenant, id)).toEqual([]);
    await answer(tenant, same, answered(200));
    expect(await attemptsOf(tenant, one)).toMatchObject([
      { outcome: 'failed' },
      { outcome: 'superseded' },
    ]);
    await api.send('POST', `/api/v1/deliveries/${one.deliveryId}/retry`, { key: tenant.key });
    expect(await first(pull(tenant, id))).toMatchObject({ attempt: 2 });
  });

  test('keeps the other rules of answers: 429 pauses, 410 disables', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    await post(tenant);
    const [one, other] = await pull(tenant, id);
    if (one === undefined || other === undefined) throw new Error('two were posted');
    const busy = await answer(tenant, one, answered(429, { 'retry-after': '60' }));
    expect(busy.body).toMatchObject({ delivery: { status: 'pending' }, pauseMs: 60_000 });
    const gone = await answer(tenant, other, answered(410));
    expect(gone.body).toMatchObject({ delivery: { status: 'failed', reason: 'endpoint_gone' } });
    const path = `/api/v1/listeners/${id}/pull`;
    const pulled = await api.send('POST', path, { key: tenant.key });
    expect(pulled.status).toBe(409);
    expect(pulled.string('detail')).toContain('disabled (gone)');
  });

  test('of a day without a word is disabled, and no other', async () => {
    const tenant = await api.newTenant();
    const [gone, living] = [await listen(tenant), await listen(tenant)];
    await api.db.database.withTenant(tenant.tenantId, (tx) =>
      tx.run('age', tx.db.update(endpoints).set({ updatedAt: new Date(Date.now() - 90_000_000) })),
    );
    await pull(tenant, living.id);
    const from = api.changes.length;
    await endAbandonedListeners(api.deps);
    const changed = api.changes.slice(from).map((change) => Object(change).endpointId);
    expect(changed).toEqual([gone.id as EndpointId]);
    const read = await api.send('GET', `/api/v1/endpoints/${gone.id}`, { key: tenant.key });
    expect(read.body).toMatchObject({ status: 'disabled', statusReason: 'listener_gone' });
  });
});

describe('what is refused', () => {
  test('is to pull from, or answer for, an endpoint that is sent to', async () => {
    const tenant = await api.newTenant();
    const body = { url: 'https://example.com/' };
    const made = await api.send('POST', '/api/v1/endpoints', { key: tenant.key, body });
    const id = made.string('id');
    const pulled = await api.send('POST', `/api/v1/listeners/${id}/pull`, { key: tenant.key });
    expect(pulled.status).toBe(409);
    await api.send('POST', `/api/v1/endpoints/${id}/pause`, { key: tenant.key });
    const paused = await api.send('POST', `/api/v1/listeners/${id}/pull`, { key: tenant.key });
    expect(paused.status).toBe(409);
    await post(tenant);
    const list = await api.send('GET', '/api/v1/deliveries', { key: tenant.key });
    const [deliveryId = ''] = list.ids();
    const attemptId = crypto.randomUUID();
    const faked = { attemptId, deliveryId, attempt: 1, headers: {}, eventId: '', body: '' };
    expect((await answer(tenant, faked, answered(200))).status).toBe(409);
  });

  test('is a wrong shape, naming what is wrong', async () => {
    const tenant = await api.newTenant();
    const { id } = await listen(tenant);
    await post(tenant);
    const one = await first(pull(tenant, id));
    const wrong = await answer(tenant, { ...one, attempt: 0 }, { ...refused, durationMs: -1 });
    expect(wrong.status).toBe(422);
    const paths = Object(wrong.body).errors.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(['attempt', 'answer.durationMs']);
    const types = { key: tenant.key, body: { eventTypes: ['in voice'] } };
    expect((await api.send('POST', '/api/v1/listeners', types)).status).toBe(422);
  });
});

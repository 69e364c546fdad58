/**
 * Rules of the contract that begin with a request and end at a receiver: states, order, replays and
 * hops, asked of the real binary as a client would.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { newId } from '../../src/domain/ids.ts';
import { cleanUp, eventually, type Service, startService } from '../support/binary.ts';
import { type Behaviour, type Receiver, startReceiver } from '../support/receiver.ts';
import { bootstrapClient, type Client } from '../support/service-client.ts';

let service: Service;
let client: Client;
const receivers: Receiver[] = [];
let types = 0;

beforeAll(async () => {
  service = await startService();
  client = await bootstrapClient(service);
});
afterAll(async () => {
  for (const receiver of receivers) await receiver.stop();
  await cleanUp();
});

/** An endpoint of its own type, so that the tests do not meet. */
async function arrange(settings: object = {}, behaviour?: Behaviour) {
  types += 1;
  const type = `rule.${types}`;
  const receiver = startReceiver(behaviour);
  receivers.push(receiver);
  const { id } = await client.endpoint(receiver.url, { eventTypes: [type], ...settings });
  return { type, receiver, id, path: `/api/v1/endpoints/${id}` };
}

async function post(body: object, headers: Record<string, string> = {}) {
  return client.post('/api/v1/webhooks', { payload: {}, ...body }, headers);
}

async function posted(body: object): Promise<string> {
  const { status, body: answer } = await post(body);
  expect(status).toBe(202);
  return String(answer['id']);
}

const act = async (path: string, status: number, body: object = {}) => {
  const answer = await client.post(path, body);
  expect([path, answer.status]).toEqual([path, status]);
  return answer.body;
};

async function remove(path: string): Promise<void> {
  const headers = { authorization: `Bearer ${client.apiKey}` };
  const { status } = await fetch(new URL(path, service.url), { method: 'DELETE', headers });
  expect(status).toBe(204);
}

const bodies = (receiver: Receiver) => receiver.requests.map(({ body }) => body.toString());
const fail: Behaviour = () => new Response(null, { status: 500 });
const since = new Date(Date.now() - 3_600_000).toISOString();

async function replay(filter: object, endpointId: string): Promise<string> {
  const until = new Date(Date.now() + 60_000).toISOString();
  const body = { endpointId, filter: { since, until, ...filter } };
  const { id } = await act('/api/v1/replays', 202, body);
  await eventually('the replay is done', async () => {
    const { body: seen } = await client.get(`/api/v1/replays/${id}`);
    return seen['status'] === 'done' ? true : null;
  });
  return String(id);
}

test('an event goes out with one hop more, and at the fourth it goes no further', async () => {
  const { type, receiver } = await arrange();
  for (const [index, hops] of [undefined, '0', '1', '2', '3'].entries()) {
    const headers: Record<string, string> = hops === undefined ? {} : { 'opsforge-hops': hops };
    expect((await post({ type }, headers)).status).toBe(202);
    await receiver.waitFor(index + 1);
  }
  const sent = receiver.requests.map(({ headers }) => headers['opsforge-hops']);
  expect(sent).toEqual(['1', '1', '2', '3', '4']);
  // As a receiver does that posts because of what it got, handing the header on.
  const again = await post({ type }, { 'opsforge-hops': sent.at(-1) ?? '' });
  expect(again.status).toBe(422);
  expect(JSON.stringify(again.body)).toContain('opsforge-hops');
});

describe('a disabled endpoint', () => {
  test('cancels what is pending and what comes; enabling sends nothing, a replay does', async () => {
    const { type, receiver, id, path } = await arrange({}, fail);
    const before = await posted({ type, payload: 'before' });
    await receiver.waitFor(1);
    await act(`${path}/disable`, 200);
    const cancelled = { status: 'cancelled', reason: 'endpoint_disabled', nextAttemptAt: null };
    expect(await client.deliveries(`eventId=${before}`)).toMatchObject([cancelled]);
    const meanwhile = await post({ type, payload: 'meanwhile' });
    expect(meanwhile.status).toBe(202);
    const eventId = meanwhile.body['id'];
    expect(await client.deliveries(`eventId=${eventId}`)).toMatchObject([
      { ...cancelled, attempts: 0 },
    ]);

    receiver.respondWith(() => new Response());
    await act(`${path}/enable`, 200);
    const after = await posted({ type, payload: 'after' });
    await client.settled(`eventId=${after}`, 1);
    expect(bodies(receiver)).toEqual(['"before"', '"after"']);

    const replayId = await replay({ status: 'cancelled' }, id);
    expect(bodies(receiver).slice(2).toSorted()).toEqual(['"before"', '"meanwhile"']);
    const made = await client.deliveries(`replayId=${replayId}`);
    expect(made.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
    // The event is the same, to the receiver too; the deliveries are others.
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(2).toSorted()).toEqual([before, String(eventId)].toSorted());
    expect(await client.deliveries(`eventId=${before}`)).toMatchObject([
      { replayId, attempts: 1 },
      { ...cancelled, replayId: null },
    ]);
  });

  test('that is deleted keeps its history readable', async () => {
    const { type, path } = await arrange({}, fail);
    const eventId = await posted({ type });
    const delivery = await eventually('it was tried', async () => {
      const [found] = await client.deliveries(`eventId=${eventId}`);
      return found?.['attempts'] === 1 ? found : null;
    });
    await remove(path);
    expect((await client.get(path)).status).toBe(404);
    expect((await client.get(`/api/v1/deliveries/${delivery['id']}`)).body).toMatchObject({
      ...{ status: 'cancelled', reason: 'endpoint_deleted', attempts: 1 },
    });
    expect(await client.attempts(delivery['id'])).toHaveLength(1);
  });
});

test('a paused endpoint keeps what comes, and gets it when it is resumed', async () => {
  const { type, receiver, path } = await arrange();
  await act(`${path}/pause`, 200);
  const eventId = await posted({ type, payload: 'kept' });
  const other = await arrange();
  await posted({ type: other.type });
  await other.receiver.waitFor(1);
  expect(await client.deliveries(`eventId=${eventId}`)).toMatchObject([
    { status: 'pending', attempts: 0 },
  ]);
  expect(receiver.requests).toEqual([]);
  await act(`${path}/resume`, 200);
  await receiver.waitFor(1);
  expect(bodies(receiver)).toEqual(['"kept"']);
});

test('a test event goes to the one endpoint, also beside one that wants every type', async () => {
  const { receiver, path, id } = await arrange();
  const all = await arrange({ eventTypes: [] });
  const { eventId } = await act(`${path}/test`, 202);
  const [received] = await receiver.waitFor(1);
  expect(received?.headers['webhook-id']).toBe(String(eventId));
  expect(await client.settled(`eventId=${eventId}`, 1)).toMatchObject([
    { endpointId: id, eventType: 'opsforge.test', status: 'delivered' },
  ]);
  // What is sent to it next is the first that it gets.
  await posted({ type: 'any.type.at.all', payload: 'first' });
  await all.receiver.waitFor(1);
  expect(bodies(all.receiver)).toEqual(['"first"']);
  await remove(all.path);
});

describe('asking for one attempt', () => {
  test('adds it to the same delivery: a failure leaves its state, a success delivers', async () => {
    const { type, receiver } = await arrange({ retrySchedule: [] }, fail);
    const eventId = await posted({ type });
    const [delivery] = await client.settled(`eventId=${eventId}`, 1);
    const id = String(delivery?.['id']);
    expect(delivery).toMatchObject({ status: 'failed', reason: 'retries_exhausted' });
    const retried = async (attempts: number) => {
      await act(`/api/v1/deliveries/${id}/retry`, 202);
      return eventually(`attempt ${attempts}`, async () => {
        const { body } = await client.get(`/api/v1/deliveries/${id}`);
        return body['attempts'] === attempts ? body : null;
      });
    };
    expect(await retried(2)).toMatchObject({ status: 'failed', reason: 'retries_exhausted' });
    receiver.respondWith(() => new Response());
    expect(await retried(3)).toMatchObject({ status: 'delivered', reason: null });
    receiver.respondWith(fail);
    expect(await retried(4)).toMatchObject({ status: 'delivered', lastStatusCode: 500 });
    expect(await client.deliveries(`eventId=${eventId}`)).toHaveLength(1);
    expect((await client.attempts(id)).map(({ outcome }) => outcome)).toEqual([
      ...['failed', 'failed', 'delivered', 'failed'],
    ]);
  });
});

describe('first in, first out', () => {
  test('goes by the 202 and not by the id', async () => {
    const { type, receiver } = await arrange({ ordered: true }, fail);
    await posted({ type, payload: 1, orderingKey: 'a' });
    await receiver.waitFor(1);
    receiver.respondWith(() => new Response());
    // Its id is an hour older than that of the first, which waits for its retry.
    const id = newId<string>(Date.now() - 3_600_000);
    await posted({ type, payload: 2, orderingKey: 'a', id });
    await posted({ type, payload: 3, orderingKey: 'b' });
    await receiver.waitFor(4, 20_000);
    expect(bodies(receiver)).toEqual(['1', '3', '1', '2']);
  });

  test('without a key is one order for the endpoint, beside those with one', async () => {
    const { type, receiver } = await arrange({ ordered: true }, fail);
    await posted({ type, payload: 1 });
    await receiver.waitFor(1);
    await posted({ type, payload: 2 });
    receiver.respondWith(() => new Response());
    await posted({ type, payload: 3, orderingKey: 'a' });
    await receiver.waitFor(2);
    expect(bodies(receiver)).toEqual(['1', '3']);
    await receiver.waitFor(4, 20_000);
    expect(bodies(receiver)).toEqual(['1', '3', '1', '2']);
  });

  test('goes on after what was cancelled', async () => {
    const { type, receiver } = await arrange({ ordered: true, retrySchedule: [3_600] }, fail);
    const head = await posted({ type, payload: 1, orderingKey: 'a' });
    await receiver.waitFor(1);
    await posted({ type, payload: 2, orderingKey: 'a' });
    receiver.respondWith(() => new Response());
    const [delivery] = await client.deliveries(`eventId=${head}`);
    await act(`/api/v1/deliveries/${delivery?.['id']}/cancel`, 200);
    await receiver.waitFor(2);
    expect(bodies(receiver)).toEqual(['1', '2']);
    expect(await client.deliveries(`eventId=${head}`)).toMatchObject([
      { status: 'cancelled', reason: 'cancelled_by_request' },
    ]);
  });

  test('is not what replays and manual retries wait for', async () => {
    const { type, receiver, id } = await arrange({ ordered: true, retrySchedule: [3_600] });
    const done = await posted({ type, payload: 1, orderingKey: 'a' });
    const [delivery] = await client.settled(`eventId=${done}`, 1);
    receiver.respondWith(fail);
    await posted({ type, payload: 2, orderingKey: 'a' });
    await receiver.waitFor(2);
    receiver.respondWith(() => new Response());
    await act(`/api/v1/deliveries/${delivery?.['id']}/retry`, 202);
    await receiver.waitFor(3);
    await replay({ status: 'delivered' }, id);
    expect(bodies(receiver)).toEqual(['1', '2', '1', '1']);
  });
});

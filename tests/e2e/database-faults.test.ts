/** The database dies or stands still while the service runs: 503, then all goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  cleanUp,
  eventually,
  type Service,
  signalServer,
  startService,
} from '../support/binary.ts';
import { serverPid } from '../support/embedded-folder.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import {
  type Answer,
  bootstrapClient,
  type Client,
  readMetric,
} from '../support/service-client.ts';

let receiver: Receiver;
let service: Service;
let client: Client;

beforeAll(async () => {
  receiver = startReceiver();
  service = await startService();
  client = await bootstrapClient(service);
  await client.endpoint(receiver.url, { retrySchedule: [1, 1, 1] });
});

afterAll(async () => {
  await receiver.stop();
  await cleanUp();
});

async function statusOf(path: string): Promise<number> {
  return (await fetch(new URL(path, service.url))).status;
}

async function recovered(): Promise<void> {
  await eventually('ready again', async () => ((await statusOf('/readyz')) === 200 ? true : null));
}

async function allDelivered(ids: readonly string[]): Promise<void> {
  await eventually('every accepted event was received', () => {
    const seen = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
    return ids.every((id) => seen.has(id)) ? true : null;
  });
  await eventually('nothing is pending', async () =>
    (await client.deliveries('status=pending')).length === 0 ? true : null,
  );
}

function expectUnavailable({ status, headers, body }: Answer): void {
  expect(body).toMatchObject({ status: 503, title: 'Unavailable' });
  expect(status).toBe(503);
  expect(headers.get('content-type')).toStartWith('application/problem+json');
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('a database that is killed', () => {
  test('makes requests answer 503 with Retry-After until it is back by itself', async () => {
    const before = await client.send('before.kill', {});
    const accepted = [before];
    const oldPid = serverPid(service.dataDir);
    process.kill(oldPid, 'SIGKILL');
    let refused: Answer | null = null;
    let isUnready = false;
    await eventually('refused, unready, and accepting again', async () => {
      const [answer, ready, alive] = await Promise.all([
        client.post('/api/v1/webhooks', { type: 'in.between', payload: {} }),
        statusOf('/readyz'),
        statusOf('/healthz'),
      ]);
      expect(alive).toBe(200);
      if (answer.status === 202) accepted.push(String(answer.body['id']));
      else {
        expectUnavailable(answer);
        refused = answer;
      }
      isUnready ||= ready === 503;
      return refused !== null && isUnready && answer.status === 202 && ready === 200 ? true : null;
    });
    expect(serverPid(service.dataDir)).not.toBe(oldPid);
    await allDelivered(accepted);
  });

  test('loses no result of deliveries that were on their way', async () => {
    const held = Promise.withResolvers<void>();
    receiver.respondWith(async () => {
      await held.promise;
      return new Response(null, { status: 204 });
    });
    const from = receiver.requests.length;
    const ids = await Promise.all(Array.from({ length: 5 }, () => client.send('in.flight', {})));
    await receiver.waitFor(from + 5);
    process.kill(serverPid(service.dataDir), 'SIGKILL');
    held.resolve();
    await eventually('the results are recorded', async () => {
      const found = await client.deliveries('type=in.flight').catch(() => []);
      return found.length === 5 && found.every((each) => each['status'] === 'delivered')
        ? found
        : null;
    });
    await recovered();
    expect(ids.length).toBe(5);
    for (const delivery of await client.deliveries('type=in.flight')) {
      expect(['delivered', 'superseded']).toContain(
        String((await client.attempts(delivery['id']))[0]?.['outcome']),
      );
    }
  });
});

describe('a database that stands still', () => {
  test('makes every request answer 503 within 20 s, and is used again when it goes on', async () => {
    receiver.respondWith(() => new Response(null, { status: 204 }));
    await recovered();
    const accepted = [await client.send('before.stop', {})];
    signalServer(serverPid(service.dataDir), 'SIGSTOP');
    const startedMs = performance.now();
    try {
      const post = () => client.post('/api/v1/webhooks', { type: 'while.stopped', payload: {} });
      const answers = Promise.all([
        ...Array.from({ length: 5 }, post),
        client.get('/api/v1/deliveries'),
        client.get('/api/v1/endpoints'),
      ]);
      expect(await statusOf('/healthz')).toBe(200);
      expect(await statusOf('/readyz')).toBe(503);
      for (const answer of await answers) expectUnavailable(answer);
    } finally {
      signalServer(serverPid(service.dataDir), 'SIGCONT');
    }
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    await recovered();
    accepted.push(await client.send('after.stop', {}));
    await allDelivered(accepted);
    // A connection that was given up must not hold its place in the pool.
    await eventually('no connection is busy', async () =>
      (await readMetric(service.url, 'db_pool_connections{state="busy"}')) === 0 ? true : null,
    );
  });
});

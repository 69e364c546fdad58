/** What was answered with 202 is delivered, whatever is killed meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cleanUp, eventually, type Service, startService } from '../support/binary.ts';
import { findServers, serverPid } from '../support/embedded-folder.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { bootstrapClient, type Client, clientOf } from '../support/service-client.ts';

const sendersAtOnce = 32;
const waitingEvents = 1_000;
const acceptedBeforeKill = 300;
const deliveredTimeoutMs = 30_000;

let receiver: Receiver;
let service: Service;
let client: Client;

beforeAll(async () => {
  receiver = startReceiver();
  service = await startService();
  client = await bootstrapClient(service);
  await client.endpoint(receiver.url, { maxInFlight: 100 });
});

afterAll(async () => {
  await receiver.stop();
  await cleanUp();
});

/** Another process on the same folder; the port is another one. */
async function startAgain(): Promise<void> {
  service = await startService({ dataDir: service.dataDir });
  client = clientOf(service.url, client.apiKey, client.projectId);
}

/** Sends from several at once while `goOn`; the ids that were answered with 202. */
async function sendMany(goOn: (accepted: number) => boolean): Promise<string[]> {
  const accepted: string[] = [];
  let begun = 0;
  const sender = async () => {
    while (goOn(begun)) {
      begun += 1;
      const answer = await client
        .post('/api/v1/webhooks', { type: 'load.test', payload: { n: begun } })
        .catch(() => null);
      if (answer?.status === 202) accepted.push(String(answer.body['id']));
    }
  };
  await Promise.all(Array.from({ length: sendersAtOnce }, sender));
  return accepted;
}

async function nothingPending(): Promise<void> {
  await eventually(
    'no delivery is pending',
    async () => ((await client.deliveries('status=pending')).length === 0 ? true : null),
    deliveredTimeoutMs,
  );
}

/** Those of the ids that the receiver did not see since it was at `from`. */
function unseen(ids: readonly string[], from: number): string[] {
  const seen = new Set(receiver.requests.slice(from).map(({ headers }) => headers['webhook-id']));
  return ids.filter((id) => !seen.has(id));
}

describe('nothing that was accepted is lost', () => {
  test('when the service is killed while 1,000 events wait', async () => {
    const held = Promise.withResolvers<void>();
    receiver.respondWith(async () => {
      await held.promise;
      return new Response(null, { status: 503 });
    });
    const ids = await sendMany((begun) => begun < waitingEvents);
    expect(new Set(ids).size).toBe(waitingEvents);
    await receiver.waitFor(100);
    service.kill('SIGKILL');
    expect(await service.exited).toBe(137);
    held.resolve();
    receiver.respondWith(() => new Response(null, { status: 204 }));
    const from = receiver.requests.length;
    await startAgain();
    await nothingPending();
    expect(unseen(ids, from)).toEqual([]);
    // Alone and alive, no leader sends a delivery twice.
    expect(receiver.requests.length - from).toBe(waitingEvents);
    const failed = await client.deliveries('status=failed');
    expect(failed).toEqual([]);
  });

  test('when service and database are killed together while events come in', async () => {
    const from = receiver.requests.length;
    let isKilled = false;
    const sending = sendMany(() => !isKilled);
    await receiver.waitFor(from + acceptedBeforeKill);
    process.kill(serverPid(service.dataDir), 'SIGKILL');
    service.kill('SIGKILL');
    isKilled = true;
    const ids = await sending;
    // Fewer than were received: the last answers were cut off.
    expect(ids.length).toBeGreaterThan(acceptedBeforeKill / 2);
    await service.exited;
    await startAgain();
    await nothingPending();
    expect(unseen(ids, from)).toEqual([]);
  });

  test('when every process of it is killed, the guard as well', async () => {
    const from = receiver.requests.length;
    let isKilled = false;
    const sending = sendMany(() => !isKilled);
    await receiver.waitFor(from + acceptedBeforeKill);
    service.kill('SIGKILL');
    for (const { pid } of findServers(service.dataDir)) process.kill(pid, 'SIGKILL');
    isKilled = true;
    const ids = await sending;
    await service.exited;
    await startAgain();
    await nothingPending();
    expect(unseen(ids, from)).toEqual([]);
    expect(await service.stop()).toBe(0);
    expect(findServers(service.dataDir)).toEqual([]);
  });
});

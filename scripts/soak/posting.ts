/**
 * Posts the planned events on a few connections, alone and in batches by turns. The events of an
 * endpoint are all posted by one of them, each after the 202 of the one before: their order is
 * known.
 */
import type { Client } from '../../tests/support/service-client.ts';
import { endpointCount, plannedEvent, settingsOf } from './plan.ts';

export type Posted = {
  /** The ids that 202s gave, by endpoint and in order. */
  idsByEndpoint: string[][];
};

const lanes = 10;
/** A lane's turns: five alone, then a batch. */
const turns = [1, 1, 1, 1, 1, 20];

/** Throws at any answer that accepts less than what was posted. @param onAccepted with the sum */
export async function postEvents(
  client: Client,
  eventCount: number,
  onAccepted: (accepted: number) => void,
): Promise<Posted> {
  const idsByEndpoint = Array.from({ length: endpointCount }, (): string[] => []);
  let accepted = 0;

  async function runLane(lane: number): Promise<void> {
    const numbers: number[] = [];
    for (let n = 0; n < eventCount; n += 1) {
      if ((n % endpointCount) % lanes === lane) numbers.push(n);
    }
    for (let at = 0, turn = lane; at < numbers.length; turn += 1) {
      const some = numbers.slice(at, at + (turns[turn % turns.length] ?? 1));
      at += some.length;
      const ids = await post(client, some);
      for (const [index, n] of some.entries()) {
        idsByEndpoint[n % endpointCount]?.push(ids[index] ?? '');
      }
      accepted += ids.length;
      onAccepted(accepted);
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
  return { idsByEndpoint };
}

async function post(client: Client, numbers: readonly number[]): Promise<string[]> {
  const events = numbers.map((n) => {
    const { endpoint, sequence, orderingKey } = plannedEvent(n);
    const order = orderingKey === null ? {} : { orderingKey };
    return { type: settingsOf(endpoint).type, payload: { sequence }, ...order };
  });
  const [only] = events;
  if (events.length === 1) {
    const { status, body } = await client.post('/api/v1/webhooks', only);
    if (status !== 202) throw new Error(`an event was answered ${status} ${JSON.stringify(body)}`);
    return [String(body['id'])];
  }
  const { status, body } = await client.post('/api/v1/webhooks/batch', { events });
  if (status !== 202 || body['accepted'] !== events.length) {
    throw new Error(`a batch was answered ${status} ${JSON.stringify(body).slice(0, 500)}`);
  }
  // Safe because this is the shape of the batch's 202, in the order of what was posted.
  return (body['results'] as { id: string }[]).map(({ id }) => id);
}

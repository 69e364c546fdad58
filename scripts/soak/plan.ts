/**
 * What the soak sends and to whom: 50 endpoints, each the only one that wants its type, of which 15
 * misbehave and 5 are ordered. Event `n` is for endpoint `n % 50`. How a receiver answers depends
 * on the event and the attempt's number alone, so a repeat is answered as the first was.
 */
export const groups = ['plain', 'fifo', 'hang', 'error', 'busy'] as const;
export type Group = (typeof groups)[number];

export const endpointCount = 50;
const perGroup = 5;
/** Ordering keys of an ordered endpoint. */
const keyCount = 10;
/** Every so many events of a good endpoint, one is refused at its first attempt. */
const stumbleEvery = 50;
const stumbleAt = 7;
/** What a misbehaving endpoint can have in flight when a worker dies or it is disabled. */
export const badInFlightMax = 10;

/** Shared by all: short, so that the soak ends by itself. */
const retrySchedule = [1, 1, 1];

type Settings = { group: Group; type: string; body: Record<string, unknown> };

export function groupOf(endpoint: number): Group {
  const at = endpoint < 4 * perGroup ? 1 + Math.floor(endpoint / perGroup) : 0;
  return groups[at] ?? 'plain';
}

/** Every event of these arrives. */
export const isGood = (group: Group) => group === 'plain' || group === 'fifo';

/** @returns what `POST /api/v1/endpoints` takes beside the URL */
export function settingsOf(endpoint: number): Settings {
  const group = groupOf(endpoint);
  const type = `soak.endpoint-${String(endpoint).padStart(2, '0')}`;
  const common = { eventTypes: [type], retrySchedule };
  if (isGood(group)) {
    return { group, type, body: { ...common, maxInFlight: 50, ordered: group === 'fifo' } };
  }
  // No retry for an error, so that some are given up before the breaker opens for half a minute.
  const retries = group === 'error' ? [] : [1];
  const limits = { maxInFlight: badInFlightMax, timeoutMs: 1_000, retrySchedule: retries };
  return { group, type, body: { ...common, ...limits } };
}

export type Planned = {
  endpoint: number;
  /** Its place among the events of its endpoint, from 0. */
  sequence: number;
  orderingKey: string | null;
};

export function plannedEvent(n: number): Planned {
  const endpoint = n % endpointCount;
  const sequence = Math.floor(n / endpointCount);
  const isOrdered = groupOf(endpoint) === 'fifo';
  return { endpoint, sequence, orderingKey: isOrdered ? `key-${sequence % keyCount}` : null };
}

/** Of an ordered endpoint: the event that comes before this one in its key; negative for none. */
export const sequenceBefore = (sequence: number) => sequence - keyCount;

/** Null: never. */
export function answerOf(endpoint: number, sequence: number, attempt: number): Response | null {
  switch (groupOf(endpoint)) {
    case 'hang':
      return null;
    case 'error':
      return new Response('out of order', { status: 500 });
    case 'busy':
      return new Response(null, { status: 429, headers: { 'retry-after': '1' } });
    case 'plain':
    case 'fifo': {
      const stumbles = attempt === 1 && sequence % stumbleEvery === stumbleAt;
      return new Response(null, { status: stumbles ? 502 : 204 });
    }
  }
}

/** What is posted, and where to: the same bytes for the service and for the probe. */
import type { Service } from './service.ts';

export type LoadTarget = { port: number; path: string; headers: Record<string, string> };

/** Of a whole request body, the size that all figures of docs/benchmarks.md are for. */
export const eventBytes = 700;

/** A body of `eventBytes`, its payload with the numbers given. */
export function eventBody(type: string, numbers: Record<string, number> = {}): string {
  const event = {
    type,
    payload: {
      ...numbers,
      invoice: 'in_1MtHbELkdIwHu7ixl4OzzPMv',
      customer: { name: 'Ada "Countess" Lovelace', email: 'ada@example.com', vip: true },
      lines: [
        { sku: 'plan-pro', quantity: 3, unitPrice: 1999, currency: 'EUR' },
        { sku: 'seat-extra', quantity: 12, unitPrice: 499, currency: 'EUR' },
      ],
      note: '',
    },
  };
  const missing = eventBytes - Buffer.byteLength(JSON.stringify(event));
  event.payload.note = 'thanks for your order; '.repeat(eventBytes).slice(0, missing);
  return JSON.stringify(event);
}

/** What of such a body is stored. */
export const eventPayload = (): string => JSON.stringify(JSON.parse(eventBody('bench')).payload);

/** `count` types, each wanted by an endpoint of its own. */
export const eventTypes = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `bench.${prefix}.t${index}`);

type EndpointChoices = { url: string; eventTypes?: string[]; timeoutMs?: number };

/** An endpoint for each of the choices that may have as much in flight as the process has room. */
export async function makeEndpoints(
  service: Pick<Service, 'ask'>,
  apiKey: string,
  wanted: readonly EndpointChoices[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const choices of wanted) {
    const input = { ...choices, maxInFlight: 1_000 };
    const made = await service.ask('POST', '/api/v1/endpoints', apiKey, input);
    // Safe because `ask` throws unless it was made.
    ids.push((made as { id: string }).id);
  }
  return ids;
}

/** `pause` or `resume`. */
export async function turnEndpoints(
  service: Pick<Service, 'ask'>,
  apiKey: string,
  endpointIds: readonly string[],
  action: 'pause' | 'resume',
): Promise<void> {
  for (const id of endpointIds) {
    await service.ask('POST', `/api/v1/endpoints/${id}/${action}`, apiKey);
  }
}

export function ingestOf(service: Pick<Service, 'port'>, apiKey: string): LoadTarget {
  return {
    port: service.port,
    path: '/api/v1/webhooks',
    headers: { authorization: `Bearer ${apiKey}` },
  };
}

export function probeOf(port: number): LoadTarget {
  return { port, path: '/', headers: {} };
}

/** What is posted, and where to: the same bytes for the service and for the probe. */
import type { LoadTarget } from './processes/load.ts';
import type { Service } from './service.ts';

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

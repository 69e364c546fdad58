/**
 * The receivers of all endpoints, one server on 127.0.0.1: what came, what was answered, and
 * whether each ordering key came in order. Knows nothing of the service but its requests.
 */
import { answerOf, endpointCount, groupOf, sequenceBefore } from './plan.ts';

export type ReceivedBy = {
  requests: number;
  /** Distinct deliveries and attempt numbers: a request beyond them is a repeat. */
  attempts: Set<string>;
  /** The `webhook-id` of all that was answered with 2xx. */
  accepted: Set<string>;
};

export type Receivers = {
  urlOf(endpoint: number): string;
  byEndpoint: readonly ReceivedBy[];
  /** One sentence for each event of an ordering key that came before its turn; the first few. */
  disorder: string[];
  /** From now on answers are kept back until the function that this returns is called. */
  hold(): () => void;
  stop(): Promise<void>;
};

const disorderShown = 10;

export function startReceivers(): Receivers {
  const byEndpoint = Array.from({ length: endpointCount }, (): ReceivedBy => {
    return { requests: 0, attempts: new Set(), accepted: new Set() };
  });
  const doneByEndpoint = byEndpoint.map(() => new Set<number>());
  const disorder: string[] = [];
  let held: Promise<void> = Promise.resolve();

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    routes: {
      '/:endpoint': {
        async POST(request) {
          // Safe because only this soak's service posts here, and what the plan says.
          const { sequence } = (await request.json()) as { sequence: number };
          const endpoint = Number(request.params.endpoint);
          const answer = receive(endpoint, sequence, request.headers);
          await held;
          return answer ?? new Promise(() => {});
        },
      },
    },
    fetch: () => new Response(null, { status: 404 }),
  });

  function receive(endpoint: number, sequence: number, headers: Headers): Response | null {
    const received = byEndpoint[endpoint];
    const done = doneByEndpoint[endpoint];
    if (received === undefined || done === undefined) throw new Error(`no endpoint ${endpoint}`);
    const attempt = headers.get('opsforge-attempt') ?? '';
    const before = sequenceBefore(sequence);
    const isOrdered = groupOf(endpoint) === 'fifo';
    if (isOrdered && before >= 0 && !done.has(before) && disorder.length < disorderShown) {
      disorder.push(`endpoint ${endpoint} got event ${sequence} before ${before} had ended`);
    }
    received.requests += 1;
    received.attempts.add(`${headers.get('opsforge-delivery-id')} ${attempt}`);
    const answer = answerOf(endpoint, sequence, Number(attempt));
    if (answer?.ok) {
      done.add(sequence);
      received.accepted.add(headers.get('webhook-id') ?? '');
    }
    return answer;
  }

  return {
    urlOf: (endpoint) => `http://127.0.0.1:${server.port}/${endpoint}`,
    byEndpoint,
    disorder,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    stop: () => server.stop(true),
  };
}

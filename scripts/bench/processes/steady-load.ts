/**
 * Load at a constant rate, whatever the answers take (open loop): each event has its moment, and
 * its time counts from there, also when every connection was busy or this process was late. So a
 * stall shows in all that it held up, not in one.
 */
import { machineMs } from '../clock.ts';
import { type HttpConnection, openHttpConnection, postRequest } from '../http-connection.ts';
import { eventBody, type LoadTarget } from '../workload.ts';

export type SteadyOptions = {
  target: LoadTarget;
  /** In turns: event n is of type n % length, and has n in its payload. */
  types: string[];
  perSecond: number;
  durationMs: number;
};

/** When each event's moment was, machineMs. */
export type Steady = { sentMs: Float64Array; accepted: number };

/** Far more than are busy at half load; beyond it events wait here, and their time runs. */
const connectionsMax = 64;
const tickMs = 1;
/** Beyond the planned end: a service that stalls longer is broken. */
const graceMs = 30_000;

/** Throws when anything is not answered with 202, or not within the grace. */
export async function loadSteadily(options: SteadyOptions): Promise<Steady> {
  const { target, types, perSecond, durationMs } = options;
  const total = Math.max(1, Math.round((perSecond * durationMs) / 1_000));
  const requests = Array.from({ length: total }, (_, number) =>
    postRequest(
      target.path,
      target.headers,
      eventBody(types[number % types.length] ?? '', { number }),
    ),
  );
  const sentMs = new Float64Array(total);
  const ended = Promise.withResolvers<void>();
  const idle: HttpConnection[] = [];
  let next = 0;
  let accepted = 0;

  const connections = await Promise.all(
    Array.from({ length: connectionsMax }, async () => {
      const connection: HttpConnection = await openHttpConnection(target.port, {
        onAnswer({ status }) {
          if (status !== 202) ended.reject(new Error(`an event was answered with ${status}`));
          accepted += 1;
          idle.push(connection);
          if (accepted === total) ended.resolve();
          else sendDue();
        },
        onClosed: () => ended.reject(new Error('the service closed a connection')),
      });
      idle.push(connection);
      return connection;
    }),
  );
  const startMs = machineMs();
  for (let number = 0; number < total; number += 1) {
    sentMs[number] = startMs + (number * 1_000) / perSecond;
  }
  function sendDue(): void {
    const nowMs = machineMs();
    while (next < total && (sentMs[next] ?? 0) <= nowMs) {
      const connection = idle.pop();
      if (connection === undefined) return;
      connection.send(requests[next] ?? new Uint8Array());
      next += 1;
    }
  }
  const timer = setInterval(sendDue, tickMs);
  const late = setTimeout(
    () => ended.reject(new Error(`${total - accepted} of ${total} events were not answered`)),
    durationMs + graceMs,
  );
  try {
    await ended.promise;
  } finally {
    clearInterval(timer);
    clearTimeout(late);
    for (const connection of connections) connection.close();
  }
  return { sentMs, accepted };
}

/**
 * The load: posts the same few bodies over and over on a fixed number of connections, each waiting
 * for its answer before the next (closed loop); one after the other at a steady pace; or at a
 * constant rate (steady-load.ts).
 */
import { machineMs } from '../clock.ts';
import { type Spread, spreadOf } from '../figures.ts';
import { type HttpConnection, openHttpConnection, postRequest } from '../http-connection.ts';
import type { LoadTarget } from '../workload.ts';
import { loadSteadily } from './steady-load.ts';

export type LoadResult = {
  /** Answers with 202 within the measured time. */
  accepted: number;
  /** The same, warm-up included. */
  acceptedInAll: number;
  perSecond: number;
  latencyMs: Spread;
  /** Every answer that was not 202, by status: figures with any are worth nothing. */
  refused: Record<string, number>;
};

export type Paced = { sentMs: Float64Array; latencyMs: Float64Array };

const latenciesMax = 2_000_000;

export type LoadCommands = ReturnType<typeof loadCommands>;

export function loadCommands() {
  let allowed = Number.POSITIVE_INFINITY;
  let sent = 0;
  let parked: (() => void)[] = [];

  return {
    /**
     * `warmUpMs` is not measured. With `allowedFirst` no more than so many are sent in all until
     * `allow` raises it.
     */
    async run(options: {
      target: LoadTarget;
      bodies: string[];
      connections: number;
      warmUpMs: number;
      durationMs: number;
      allowedFirst?: number;
    }): Promise<LoadResult> {
      const { target, connections, warmUpMs, durationMs } = options;
      const requests = options.bodies.map((body) => postRequest(target.path, target.headers, body));
      allowed = options.allowedFirst ?? Number.POSITIVE_INFINITY;
      sent = 0;
      parked = [];
      const fromMs = performance.now() + warmUpMs;
      const untilMs = fromMs + durationMs;
      const tally = createTally(fromMs, untilMs);
      const lost = Promise.withResolvers<never>();
      const next = () => requests[sent++ % requests.length] ?? new Uint8Array();
      const park = (go: () => void) => parked.push(go);
      const loops = Array.from({ length: connections }, () =>
        runConnection(target.port, {
          ...{ tally, untilMs, next, park },
          isAllowed: () => sent < allowed,
          onLost: () => lost.reject(new Error('the service closed a connection')),
        }),
      );
      const timer = setTimeout(() => wakeParked(), warmUpMs + durationMs);
      await Promise.race([Promise.all(loops), lost.promise]).finally(() => clearTimeout(timer));
      return tally.result(durationMs);
    },
    async allow(total: number): Promise<void> {
      allowed = total;
      wakeParked();
    },
    /** One after the other, each `everyMs` after the start of the last. Times are machineMs. */
    async pace(options: { target: LoadTarget; bodies: string[]; everyMs: number }): Promise<Paced> {
      const { target, bodies, everyMs } = options;
      const sentMs = new Float64Array(bodies.length);
      const latencyMs = new Float64Array(bodies.length);
      let answered = Promise.withResolvers<number>();
      const connection = await openHttpConnection(target.port, {
        onAnswer: ({ status }) => answered.resolve(status),
        onClosed: () => answered.reject(new Error('the service closed the connection')),
      });
      for (const [index, body] of bodies.entries()) {
        const request = postRequest(target.path, target.headers, body);
        answered = Promise.withResolvers();
        const startedMs = machineMs();
        connection.send(request);
        const status = await answered.promise;
        const tookMs = machineMs() - startedMs;
        if (status !== 202) throw new Error(`an event was answered with ${status}`);
        sentMs[index] = startedMs;
        latencyMs[index] = tookMs;
        await Bun.sleep(Math.max(0, everyMs - tookMs));
      }
      connection.close();
      return { sentMs, latencyMs };
    },
    steady: loadSteadily,
  };

  function wakeParked(): void {
    const waiting = parked;
    parked = [];
    for (const go of waiting) go();
  }
}

type ConnectionLoop = {
  tally: ReturnType<typeof createTally>;
  untilMs: number;
  next(): Uint8Array;
  isAllowed(): boolean;
  park(go: () => void): void;
  onLost(): void;
};

async function runConnection(port: number, loop: ConnectionLoop): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let startedMs = 0;
  const connection: HttpConnection = await openHttpConnection(port, {
    onAnswer({ status }) {
      loop.tally.add(status, startedMs, performance.now());
      go();
    },
    onClosed: loop.onLost,
  });
  function go(): void {
    if (performance.now() >= loop.untilMs) ended.resolve();
    else if (!loop.isAllowed()) loop.park(go);
    else {
      startedMs = performance.now();
      connection.send(loop.next());
    }
  }
  go();
  await ended.promise;
  connection.close();
}

function createTally(fromMs: number, untilMs: number) {
  const latencies = new Float64Array(latenciesMax);
  const refused: Record<string, number> = {};
  let count = 0;
  let all = 0;
  return {
    add(status: number, startedMs: number, endedMs: number): void {
      if (status !== 202) {
        refused[status] = (refused[status] ?? 0) + 1;
        return;
      }
      all += 1;
      if (endedMs >= fromMs && endedMs < untilMs && count < latenciesMax) {
        latencies[count++] = endedMs - startedMs;
      }
    },
    result(durationMs: number): LoadResult {
      return {
        accepted: count,
        acceptedInAll: all,
        perSecond: (count * 1_000) / durationMs,
        latencyMs: spreadOf(latencies.subarray(0, count)),
        refused,
      };
    },
  };
}

/**
 * The two ways in which scenarios measure the whole way of an event, accepted, delivered and
 * recorded: how many go it for a while (closed loop, bounded on their way), and how long one takes
 * at a constant rate.
 */
import type { Child } from './child.ts';
import { type DatabaseView, markTime } from './database-view.ts';
import { type Spread, spreadOf } from './figures.ts';
import type { LoadCommands, LoadResult } from './processes/load.ts';
import type { ReceiverCommands } from './processes/receiver.ts';
import type { SteadyOptions } from './processes/steady-load.ts';
import { startCounting } from './processor-time.ts';
import type { Turn } from './rounds.ts';
import type { Count } from './scenario.ts';
import { eventBody, type LoadTarget } from './workload.ts';

/** One each. */
export type Ends = { load: Child<LoadCommands>; receiver: Child<ReceiverCommands> };

/** What is measured: the service, or the probe in its place. Each event is for one endpoint. */
export type Line = {
  target: LoadTarget;
  types: readonly string[];
  tenantId: string;
  view: DatabaseView;
  pid: number;
  databasePid: number;
};

const connections = 64;
/** Accepted and not received yet: more would measure how fast a backlog grows. */
export const outstandingMax = 1_000;
const allowEveryMs = 10;
const drainMs = 20_000;
const receiptsPollMs = 20;
const receiptsTimeoutMs = 20_000;

export type Rate = { turn: Turn; counts: Count[] };

/** Recorded deliveries as the database counts them, over `durationMs` after `warmUpMs`. */
export async function measureRate(
  ends: Ends,
  line: Line,
  { warmUpMs, durationMs }: { warmUpMs: number; durationMs: number },
): Promise<Rate> {
  const { view, tenantId } = line;
  const sinceMs = await markTime();
  const receivedBefore = await ends.receiver.call('count', undefined);
  const counted = startCounting(line.pid, line.databasePid);
  const loading = post(ends, line, { warmUpMs, durationMs, receivedBefore });
  await Bun.sleep(warmUpMs);
  const atStart = await view.countEnded(tenantId, sinceMs);
  const startMs = performance.now();
  await Bun.sleep(durationMs);
  const atEnd = await view.countEnded(tenantId, sinceMs);
  const seconds = (performance.now() - startMs) / 1_000;
  const { latencyMs, acceptedInAll, refused } = await loading;
  const recorded = await view.untilEnded(tenantId, sinceMs, acceptedInAll, drainMs);
  const received = (await ends.receiver.call('count', undefined)) - receivedBefore;
  const perSecond = (atEnd - atStart) / seconds;
  return {
    turn: { perSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, ...counted(recorded) },
    counts: [
      { what: 'refused', wanted: 0, got: sum(Object.values(refused)) },
      // At least once: a repeat is no fault.
      { what: 'received', wanted: acceptedInAll, got: Math.min(acceptedInAll, received) },
      { what: 'recorded', wanted: acceptedInAll, got: recorded },
    ],
  };
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

/** Lets the load go on as the receiver gets what was sent before. */
async function post(
  { load, receiver }: Ends,
  { target, types }: Line,
  times: { warmUpMs: number; durationMs: number; receivedBefore: number },
): Promise<LoadResult> {
  const { receivedBefore, ...measured } = times;
  const bodies = types.map((type) => eventBody(type));
  let running = true;
  const done = load
    .call('run', { target, bodies, connections, ...measured, allowedFirst: outstandingMax })
    .finally(() => {
      running = false;
    });
  while (running) {
    await Promise.race([Bun.sleep(allowEveryMs), done]);
    const received = (await receiver.call('count', undefined)) - receivedBefore;
    if (running) await load.call('allow', received + outstandingMax);
  }
  return done;
}

export type Latency = {
  /** From each event's moment to its first receipt. */
  spread: Spread;
  /** machineMs, by the event's number; NaN for what did not come. */
  sentMs: Float64Array;
  receivedMs: Float64Array;
  counts: Count[];
};

/** Events at a constant rate for endpoints whose receiver is `/stamp`. */
export async function measureLatency(ends: Ends, options: SteadyOptions): Promise<Latency> {
  const { load, receiver } = ends;
  await receiver.call('forgetReceipts', undefined);
  const { sentMs, accepted } = await load.call('steady', options);
  const endMs = performance.now() + receiptsTimeoutMs;
  while ((await receiver.call('stamped', undefined)) < sentMs.length && performance.now() < endMs) {
    await Bun.sleep(receiptsPollMs);
  }
  const receipts = await receiver.call('receipts', undefined);
  const receivedMs = sentMs.map((_, number) => receipts.get(number) ?? Number.NaN);
  const tookMs = receivedMs.map((atMs, number) => atMs - (sentMs[number] ?? Number.NaN));
  return {
    spread: spreadOf(tookMs),
    sentMs,
    receivedMs,
    counts: [
      { what: 'accepted', wanted: sentMs.length, got: accepted },
      { what: 'received', wanted: sentMs.length, got: receipts.size },
    ],
  };
}

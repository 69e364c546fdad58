/** How long an event takes on an idle machine: POST to its answer, POST to its receipt. */
import { inMs, spreadOf } from '../figures.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import type { Bench, Scenario, Section } from '../scenario.ts';
import { eventBody, ingestOf } from '../workload.ts';

const everyMs = 20;
const receiptsTimeoutMs = 10_000;
const pollMs = 20;

export const idle: Scenario = {
  name: 'idle',
  title: 'Idle',
  summary: `one event every ${everyMs} ms`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const eventCount = bench.pick({ tiny: 20, quick: 150, usual: 500 });
  const warmUpCount = bench.pick({ tiny: 5, quick: 50, usual: 100 });
  const [service, load, receiver] = await Promise.all([
    bench.startService({ dataDir: await bench.dataFolder() }),
    bench.startProcess<LoadCommands>('load'),
    bench.startProcess<ReceiverCommands>('receiver'),
  ]);
  const { apiKey } = await service.bootstrap('idle');
  const url = `http://127.0.0.1:${await receiver.call('port', undefined)}/stamp`;
  await service.ask('POST', '/api/v1/endpoints', apiKey, { url });
  const target = ingestOf(service, apiKey);
  const total = warmUpCount + eventCount;
  const bodies = Array.from({ length: total }, (_, number) => eventBody('bench.idle', { number }));
  const { sentMs, latencyMs } = await load.call('pace', { target, bodies, everyMs });

  const endMs = performance.now() + receiptsTimeoutMs;
  let receipts = await receiver.call('receipts', undefined);
  while (receipts.size < total && performance.now() < endMs) {
    await Bun.sleep(pollMs);
    receipts = await receiver.call('receipts', undefined);
  }

  const answer = spreadOf(latencyMs.subarray(warmUpCount));
  const toReceipt: number[] = [];
  for (let number = warmUpCount; number < total; number += 1) {
    toReceipt.push((receipts.get(number) ?? Number.NaN) - (sentMs[number] ?? Number.NaN));
  }
  const receipt = spreadOf(toReceipt);
  return {
    rows: [
      { what: 'POST → receipt, p50', figure: inMs(receipt.p50), target: atMost(receipt.p50, 10) },
      { what: 'POST → receipt, p90', figure: inMs(receipt.p90) },
      { what: 'POST → receipt, p99', figure: inMs(receipt.p99), target: atMost(receipt.p99, 50) },
      { what: 'POST → receipt, greatest', figure: inMs(receipt.max) },
      { what: 'POST → 202, p50 / p99', figure: `${inMs(answer.p50)} / ${inMs(answer.p99)}` },
    ],
    notes: [
      `${eventCount} events one after the other on one connection, one each ${everyMs} ms, after`,
      `${warmUpCount} that are not counted; to a receiver in a process of its own, by one clock.`,
    ],
    counts: [{ what: 'received', wanted: total, got: receipts.size }],
  };
}

const atMost = (ms: number, most: number) => ({ words: `≤ ${most} ms`, met: ms <= most });

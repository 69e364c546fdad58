/**
 * The register of workers: who runs and how many shards each leads, for people and the API to
 * see.
 */
import type { WorkerId } from '../domain/ids.ts';
import type { WorkerTx } from './transactions.ts';

export type WorkerEntry = {
  id: WorkerId;
  host: string;
  pid: number;
  region: string;
  version: string;
};
export type LiveWorker = WorkerEntry & { shardsLed: number; startedAt: Date; seenAt: Date };

const listMax = 1_000;

/** Registers the worker or says that it still lives; by database time. */
export async function upsertWorker(
  tx: WorkerTx,
  worker: WorkerEntry,
  shardsLed: number,
): Promise<void> {
  await tx.run(
    'upsertWorker',
    tx.sql`
      insert into workers (id, host, pid, region, version, shards_led)
      values (${worker.id}, ${worker.host}, ${worker.pid}, ${worker.region}, ${worker.version},
        ${shardsLed})
      on conflict (id) do update set seen_at = now(), shards_led = excluded.shards_led`,
  );
}

/** Seen within 10 s, longest running first. */
export async function listLiveWorkers(tx: WorkerTx): Promise<LiveWorker[]> {
  return tx.run(
    'listLiveWorkers',
    tx.sql<LiveWorker[]>`
      select id, host, pid, region, version, shards_led as "shardsLed", started_at as "startedAt",
        seen_at as "seenAt"
      from workers where seen_at > now() - interval '10 seconds'
      order by started_at, id limit ${listMax}`,
  );
}

export async function deleteWorker(tx: WorkerTx, id: WorkerId): Promise<void> {
  await tx.run('deleteWorker', tx.sql`delete from workers where id = ${id}`);
}

/** Those that died without a word more than an hour ago. */
export async function deleteDeadWorkers(tx: WorkerTx): Promise<void> {
  await tx.run(
    'deleteDeadWorkers',
    tx.sql`delete from workers where seen_at < now() - interval '1 hour'`,
  );
}

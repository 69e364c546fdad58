/** This process's entry in the register of workers. */
import {
  deleteDeadWorkers,
  deleteWorker,
  upsertWorker,
  type WorkerEntry,
} from '../../repositories/workers.ts';
import type { Deps } from '../context.ts';

export type { WorkerEntry };
export type WorkerRegister = {
  /** The first makes the entry. */
  beat(shardsLed: number): Promise<void>;
  remove(): Promise<void>;
};

export function createWorkerRegister(
  { database }: Pick<Deps, 'database'>,
  worker: WorkerEntry,
): WorkerRegister {
  return {
    beat: (shardsLed) =>
      database.withWorker(async (tx) => {
        await Promise.all([upsertWorker(tx, worker, shardsLed), deleteDeadWorkers(tx)]);
      }),
    remove: () => database.withWorker((tx) => deleteWorker(tx, worker.id)),
  };
}

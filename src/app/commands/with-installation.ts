/**
 * Runs a command's work on the database of the running service, else on one started for it and
 * stopped afterwards. One at a time starts it: a command that comes while the service is starting,
 * or while another command is at work, waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FolderInUseError } from '../../../db/embedded/embedded.ts';
import type { Config } from '../config.ts';
import {
  findInstallation,
  type Installation,
  openInstallation,
  type Progress,
} from '../installation.ts';
import { isServiceReady } from '../pid-file.ts';

/** A first start takes 1 to 5 s, on a busy machine longer. */
const turnWaitMs = 30_000;
const turnPollMs = 50;

export async function withInstallation<Result>(
  config: Config,
  progress: Progress,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation = await takeTurn(config, progress);
  try {
    return await work(installation);
  } finally {
    await installation.stop();
  }
}

async function takeTurn(config: Config, progress: Progress): Promise<Installation> {
  const deadlineMs = performance.now() + turnWaitMs;
  for (;;) {
    const isLate = performance.now() > deadlineMs;
    const found = await findInstallation(config);
    // A database that answers may not be migrated yet: that is done when the service is ready.
    const isReady = found !== null && (!found.embedded || isServiceReady(found.dataDir));
    if (found !== null && (isReady || isLate)) return found;
    if (found === null) {
      try {
        return await openInstallation(config, progress);
      } catch (error) {
        if (isLate || !(error instanceof FolderInUseError)) throw error;
      }
    }
    await sleep(turnPollMs);
  }
}

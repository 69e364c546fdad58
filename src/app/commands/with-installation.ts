/**
 * Runs a command's work on the database of the running service, else on one started for it and
 * stopped afterwards.
 */
import type { Config } from '../config.ts';
import {
  findInstallation,
  type Installation,
  openInstallation,
  type Progress,
} from '../installation.ts';

export async function withInstallation<Result>(
  config: Config,
  progress: Progress,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation =
    (await findInstallation(config)) ?? (await openInstallation(config, progress));
  try {
    return await work(installation);
  } finally {
    await installation.stop();
  }
}

/**
 * Runs a command's work with everything that the service is made of but its loops and HTTP, on the
 * database of the running service or one started for it. What others must hear of is told before
 * it ends.
 */
import { createLog } from '../../lib/log.ts';
import type { PeopleDeps } from '../../usecases/people/people-deps.ts';
import type { Config } from '../config.ts';
import { buildService } from '../deps.ts';
import { type Installation, prepareDatabase } from '../installation.ts';
import { readServiceUrl } from '../pid-file.ts';
import { openSecretBox } from '../secret-key.ts';
import { progressOnStderr } from './command.ts';
import { withInstallation } from './with-installation.ts';

export type CommandService = { deps: PeopleDeps; installation: Installation; url: string };

export async function withService<Result>(
  config: Config,
  work: (service: CommandService) => Promise<Result>,
): Promise<Result> {
  return withInstallation(config, progressOnStderr, async (installation) => {
    if (!installation.migrated) await prepareDatabase(installation);
    const secretBox = await openSecretBox(config, installation);
    const log = createLog('silent');
    const service = buildService({ config, installation, log, secretBox });
    // A database that was started for this command has no service that listens.
    const isServed = !installation.embedded || installation.migrated;
    const served = isServed ? readServiceUrl(installation.dataDir) : null;
    const url = config.publicUrl ?? served ?? `http://localhost:${config.port}`;
    try {
      await service.wakeUps.start();
      const news: Promise<void>[] = [];
      const deps: PeopleDeps = {
        ...service.people,
        publicUrl: () => url,
        // Waited for below, so that a running service hears of what is made here.
        announceChange: (change) => void news.push(service.wakeUps.notifyChange(change)),
      };
      const result = await work({ deps, installation, url });
      await Promise.all(news);
      return result;
    } finally {
      await service.wakeUps.stop();
      await service.database.close();
    }
  });
}

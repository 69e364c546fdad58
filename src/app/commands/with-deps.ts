/**
 * The service's own use cases for a command's work, on a database that is up to date. What the work
 * announces is sent before this resolves, so that a running service hears of it.
 */
import { createLog } from '../../lib/log.ts';
import type { Deps } from '../../usecases/context.ts';
import type { Config } from '../config.ts';
import { buildService } from '../deps.ts';
import { type Installation, openSecretBox, prepareDatabase } from '../installation.ts';

export async function withDeps<Result>(
  config: Config,
  installation: Installation,
  work: (deps: Deps) => Promise<Result>,
): Promise<Result> {
  if (!installation.migrated) await prepareDatabase(installation);
  const secretBox = await openSecretBox(config, installation);
  const log = createLog('silent');
  const service = buildService({ config, installation, log, secretBox });
  try {
    await service.wakeUps.start();
    const news: Promise<void>[] = [];
    const result = await work({
      ...service.deps,
      announceChange: (change) => void news.push(service.wakeUps.notifyChange(change)),
    });
    await Promise.all(news);
    return result;
  } finally {
    await service.wakeUps.stop();
    await service.database.close();
  }
}

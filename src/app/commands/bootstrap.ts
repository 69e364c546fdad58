/** `opsforge bootstrap`: a tenant, a project and its first key, as one JSON object on one line. */
import { StartError } from '../../domain/start-error.ts';
import { createLog } from '../../lib/log.ts';
import { bootstrapTenant } from '../../usecases/accounts/bootstrap-tenant.ts';
import type { Deps } from '../../usecases/context.ts';
import { readConfig } from '../config.ts';
import { buildService } from '../deps.ts';
import { prepareDatabase, withAdministrator } from '../installation.ts';
import { readServiceUrl } from '../pid-file.ts';
import { openSecretBox } from '../secret-key.ts';
import { type Command, progressOnStderr, textFlags } from './command.ts';
import { withInstallation } from './with-installation.ts';

export const bootstrapCommand: Command = {
  summary: 'makes a tenant, a project and its API key where they are missing',
  help: [
    'Usage: opsforge bootstrap --tenant NAME --project NAME [--new-key] [--data-dir FOLDER]',
    '',
    'Prints {"tenantId","projectId","apiKey","url"}. Safe to repeat: the same names give the same',
    'ids, and apiKey is null when the project has a key already.',
    '',
    '  --new-key   makes a key all the same; the others stay valid',
    '  --data-dir  the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: {
    tenant: { type: 'string' },
    project: { type: 'string' },
    'new-key': { type: 'boolean' },
    email: { type: 'string' },
    'password-stdin': { type: 'boolean' },
    'data-dir': { type: 'string' },
  },
  async run({ flags, environment, answer }) {
    const { tenant, project, ...rest } = textFlags(flags);
    if (flags['email'] !== undefined || flags['password-stdin'] !== undefined) {
      throw new StartError('--email comes with accounts, which this version does not have yet.', 2);
    }
    if (tenant === undefined) throw new StartError('bootstrap needs --tenant NAME.', 2);
    if (project === undefined) throw new StartError('bootstrap needs --project NAME.', 2);
    const config = readConfig(environment, rest);
    const made = await withInstallation(config, progressOnStderr, async (installation) => {
      if (!installation.migrated) await prepareDatabase(installation);
      const secretBox = await openSecretBox(config, installation);
      const log = createLog('silent');
      const service = buildService({ config, installation, log, secretBox });
      try {
        await service.wakeUps.start();
        const news: Promise<void>[] = [];
        const deps: Deps = {
          ...service.deps,
          // Waited for below, so that a running service hears of what is made here.
          announceChange: (change) => void news.push(service.wakeUps.notifyChange(change)),
        };
        const newKey = flags['new-key'] === true;
        // One at a time: two that found no such project would both make one.
        const bootstrapped = await withAdministrator(installation, async ({ sql }) => {
          await sql`select pg_advisory_lock(hashtext('opsforge.bootstrap'))`;
          return bootstrapTenant(deps, { tenant, project, newKey });
        });
        await Promise.all(news);
        // A database that was started for this command has no service that listens.
        const isServed = !installation.embedded || installation.migrated;
        const served = isServed ? readServiceUrl(installation.dataDir) : null;
        const url = config.publicUrl ?? served;
        return { ...bootstrapped, url: url ?? `http://localhost:${config.port}` };
      } finally {
        await service.wakeUps.stop();
        await service.database.close();
      }
    });
    answer(JSON.stringify(made));
  },
};

/** `opsforge bootstrap`: a tenant, a project and its first key, as one JSON object on one line. */
import { StartError } from '../../domain/start-error.ts';
import { bootstrapTenant } from '../../usecases/accounts/bootstrap-tenant.ts';
import { readConfig } from '../config.ts';
import { withAdministrator } from '../installation.ts';
import { readServiceUrl } from '../pid-file.ts';
import { type Command, progressOnStderr, textFlags } from './command.ts';
import { withDeps } from './with-deps.ts';
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
      const newKey = flags['new-key'] === true;
      const bootstrapped = await withDeps(config, installation, (deps) =>
        // One at a time: two that found no such project would both make one.
        withAdministrator(installation, async ({ sql }) => {
          await sql`select pg_advisory_lock(hashtext('opsforge.bootstrap'))`;
          return bootstrapTenant(deps, { tenant, project, newKey });
        }),
      );
      // A database that was started for this command has no service that listens.
      const isServed = !installation.embedded || installation.migrated;
      const served = isServed ? readServiceUrl(installation.dataDir) : null;
      const url = config.publicUrl ?? served;
      return { ...bootstrapped, url: url ?? `http://localhost:${config.port}` };
    });
    answer(JSON.stringify(made));
  },
};

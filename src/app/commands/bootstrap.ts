/** `opsforge bootstrap`: a tenant, a project and its first key, as one JSON object on one line. */
import { StartError } from '../../domain/start-error.ts';
import { bootstrapTenant } from '../../usecases/accounts/bootstrap-tenant.ts';
import { makeOwner } from '../../usecases/people/make-owner.ts';
import { readConfig } from '../config.ts';
import { withAdministrator } from '../installation.ts';
import { type Command, textFlags } from './command.ts';
import { withService } from './with-service.ts';

/** Far above the longest password. */
const stdinBytesMax = 4_096;

export const bootstrapCommand: Command = {
  summary: 'makes a tenant, a project and its API key where they are missing',
  help: [
    'Usage: opsforge bootstrap --tenant NAME --project NAME [--new-key] [--data-dir FOLDER]',
    '                          [--email ADDRESS --password-stdin]',
    '',
    'Prints {"tenantId","projectId","apiKey","url"}. Safe to repeat: the same names give the same',
    'ids, and apiKey is null when the project has a key already.',
    '',
    '  --new-key         makes a key all the same; the others stay valid',
    '  --email           also an owner of the tenant, who signs in with this address',
    '  --password-stdin  whose password is the first line of stdin; that of an account that exists',
    '                    stays as it is',
    '  --data-dir        the folder of the embedded database (OPSFORGE_DATA_DIR)',
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
    const { tenant, project, email, ...rest } = textFlags(flags);
    if (tenant === undefined) throw new StartError('bootstrap needs --tenant NAME.', 2);
    if (project === undefined) throw new StartError('bootstrap needs --project NAME.', 2);
    if ((email !== undefined) !== (flags['password-stdin'] === true)) {
      throw new StartError('--email and --password-stdin go together.', 2);
    }
    const config = readConfig(environment, rest);
    const owner = email === undefined ? null : { email, password: await readPassword() };
    const made = await withService(config, async ({ deps, installation, url }) => {
      const newKey = flags['new-key'] === true;
      // One at a time: two that found no such project would both make one.
      const bootstrapped = await withAdministrator(installation, async ({ sql }) => {
        await sql`select pg_advisory_lock(hashtext('opsforge.bootstrap'))`;
        const found = await bootstrapTenant(deps, { tenant, project, newKey });
        if (owner !== null) await makeOwner(deps, found.tenantId, owner);
        return found;
      });
      return { ...bootstrapped, url };
    });
    answer(JSON.stringify(made));
  },
};

/** The first line, without its end. Throws StartError when stdin holds more than a password. */
async function readPassword(): Promise<string> {
  let text = '';
  for await (const chunk of Bun.stdin.stream()) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.length > stdinBytesMax) throw new StartError('stdin holds no password.', 2);
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new StartError('--password-stdin found no password on stdin.', 2);
  return line;
}

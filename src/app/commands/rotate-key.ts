/** `opsforge rotate-key`: every secret of the database under a new key, while nothing runs. */
import { StartError } from '../../domain/start-error.ts';
import { readConfig, readSecretKey } from '../config.ts';
import { prepareDatabase } from '../installation.ts';
import { rotateKey } from '../secret-key.ts';
import { type Command, progressOnStderr, textFlags } from './command.ts';
import { withInstallation } from './with-installation.ts';

const count = (secrets: number) => (secrets === 1 ? '1 secret' : `${secrets} secrets`);

export const rotateKeyCommand: Command = {
  summary: 'encrypts all secrets under a new installation key',
  help: [
    'Usage: opsforge rotate-key [--new-key-stdin] [--data-dir FOLDER]',
    '',
    'Stop every opsforge of this database first. Endpoint secrets, headers and credentials are',
    'encrypted anew, all or none. Backups from before need the old key.',
    '',
    'A key in the data folder is replaced by itself. A key given by OPSFORGE_SECRET_KEY is yours:',
    '',
    '  openssl rand -base64 32 > new.key && opsforge rotate-key --new-key-stdin < new.key',
    '',
    'and start opsforge with the new one in OPSFORGE_SECRET_KEY.',
    '',
    '  --new-key-stdin  the key that replaces OPSFORGE_SECRET_KEY, on stdin',
    '  --data-dir       the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: { 'new-key-stdin': { type: 'boolean' }, 'data-dir': { type: 'string' } },
  async run({ flags, environment, answer }) {
    const config = readConfig(environment, textFlags(flags));
    const fromStdin = flags['new-key-stdin'] === true;
    if (fromStdin !== (config.secretKey !== null)) {
      const message = fromStdin
        ? '--new-key-stdin replaces OPSFORGE_SECRET_KEY, which is not set: leave it out, a key is made.'
        : 'The key is OPSFORGE_SECRET_KEY: give the new one with --new-key-stdin.';
      throw new StartError(message, 2);
    }
    const given = fromStdin ? readSecretKey('The key on stdin', await Bun.stdin.text()) : null;
    const done = await withInstallation(config, progressOnStderr, async (installation) => {
      if (!installation.migrated) await prepareDatabase(installation);
      return rotateKey(config, installation, given);
    });
    answer(`Key ${done.from} is replaced by ${done.to}; ${count(done.secrets)} encrypted anew.`);
  },
};

/** `opsforge migrate [--check]`: brings the database up to date, or says what is due. */
import { StartError } from '../../domain/start-error.ts';
import { readConfig } from '../config.ts';
import { listDueMigrations, prepareDatabase } from '../installation.ts';
import { type Command, progressOnStderr, textFlags } from './command.ts';
import { withInstallation } from './with-installation.ts';

export const migrateCommand: Command = {
  summary: 'brings the database up to date and says what it did',
  help: [
    'Usage: opsforge migrate [--check] [--data-dir FOLDER]',
    '',
    '  --check     changes nothing; exits 1 when a migration is due',
    '  --data-dir  the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: { check: { type: 'boolean' }, 'data-dir': { type: 'string' } },
  async run({ flags, environment, answer }) {
    const config = readConfig(environment, textFlags(flags));
    if (flags['check'] === true) {
      const due = await withInstallation(config, progressOnStderr, listDueMigrations);
      if (due.length > 0) {
        const names = due.map(({ version, name }) => `${version} ${name}`).join(', ');
        throw new StartError(`${due.length} due: ${names}; run opsforge migrate.`, 1);
      }
      answer('The database is up to date.');
      return;
    }
    const applied = await withInstallation(config, progressOnStderr, prepareDatabase);
    for (const { version, name } of applied) answer(`Applied ${version} ${name}.`);
    if (applied.length === 0) answer('The database is up to date.');
  },
};

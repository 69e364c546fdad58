/** `opsforge database url`: the administrator's URL of the running database, as psql takes it. */
import { StartError } from '../../domain/start-error.ts';
import { readConfig } from '../config.ts';
import { findInstallation } from '../installation.ts';
import { type Command, textFlags } from './command.ts';

export const databaseUrlCommand: Command = {
  summary: 'prints the connection URL of the running database',
  help: [
    'Usage: opsforge database url [--data-dir FOLDER]',
    '',
    'The administrator’s URL. Exits 1 when no database runs; never starts one.',
  ].join('\n'),
  flags: { 'data-dir': { type: 'string' } },
  async run({ flags, environment, answer }) {
    const config = readConfig(environment, textFlags(flags));
    const installation = await findInstallation(config);
    if (installation === null) {
      throw new StartError(`no database runs in ${config.dataDir}: start opsforge first.`, 1);
    }
    answer(installation.adminUrl);
  },
};

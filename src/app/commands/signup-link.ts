/** `opsforge signup-link`: the one-time link with which the first person makes an account. */
import { makeSignUpLink } from '../../usecases/people/make-sign-up-link.ts';
import { readConfig } from '../config.ts';
import { type Command, textFlags } from './command.ts';
import { withService } from './with-service.ts';

export const signUpLinkCommand: Command = {
  summary: 'prints the link with which the first person makes an account',
  help: [
    'Usage: opsforge signup-link [--data-dir FOLDER]',
    '',
    'The link works once, within 7 days, while there is no account. Exits 1 when there is one:',
    'others are invited in the settings.',
    '',
    '  --data-dir  the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: { 'data-dir': { type: 'string' } },
  async run({ flags, environment, answer }) {
    const config = readConfig(environment, textFlags(flags));
    answer(await withService(config, ({ deps }) => makeSignUpLink(deps)));
  },
};

/** `opsforge reset-password`: a link to a new password, for who gets no mail. */
import { StartError } from '../../domain/start-error.ts';
import { makeResetLink } from '../../usecases/people/reset-password.ts';
import { readConfig } from '../config.ts';
import { type Command, textFlags } from './command.ts';
import { withService } from './with-service.ts';

export const resetPasswordCommand: Command = {
  summary: 'prints a link with which a person chooses a new password',
  help: [
    'Usage: opsforge reset-password --email ADDRESS [--data-dir FOLDER]',
    '',
    'The link works once, within an hour; all sessions of the person end with it. A second factor',
    'stays.',
    '',
    '  --data-dir  the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: { email: { type: 'string' }, 'data-dir': { type: 'string' } },
  async run({ flags, environment, answer }) {
    const { email, ...rest } = textFlags(flags);
    if (email === undefined) throw new StartError('reset-password needs --email ADDRESS.', 2);
    const config = readConfig(environment, rest);
    answer(await withService(config, ({ deps }) => makeResetLink(deps, email)));
  },
};

/** `opsforge [serve]`: runs the service until it is told to stop. */
import { readConfig } from '../config.ts';
import { serve } from '../serve.ts';
import { type Command, textFlags } from './command.ts';

export const serveCommand: Command = {
  summary: 'runs the service (also without a command)',
  help: [
    'Usage: opsforge [serve] [--role all|api|worker] [--port N] [--host H] [--data-dir FOLDER]',
    '                       [--region NAME]',
    '',
    '  --role      all (default): API, pages and loops; api or worker: one of them, with',
    '              DATABASE_URL',
    '  --port      where HTTP listens (PORT, 3000)',
    '  --host      on which address (HOST, 0.0.0.0)',
    '  --data-dir  embedded database, key and pid file (OPSFORGE_DATA_DIR, ./data)',
    '  --region    what this worker is called in results (REGION, default)',
    '',
    'Everything else is set in the environment: see the README.',
  ].join('\n'),
  flags: {
    role: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    'data-dir': { type: 'string' },
    region: { type: 'string' },
  },
  async run({ flags, environment }) {
    await serve(readConfig(environment, textFlags(flags)));
  },
};

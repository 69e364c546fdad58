/** `opsforge openapi`: the OpenAPI document; needs neither configuration nor database. */
import { openapiDocument } from '../../controllers/server.ts';
import type { Command } from './command.ts';

export const openapiCommand: Command = {
  summary: 'prints the OpenAPI document of the API',
  help: 'Usage: opsforge openapi\n\nThe OpenAPI 3.1 document, as /swagger/json serves it.',
  flags: {},
  async run({ answer }) {
    answer(JSON.stringify(await openapiDocument(), null, 2));
  },
};

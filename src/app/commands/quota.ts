/** `opsforge quota`: what a tenant may use, shown or set, as one JSON object on one line. */
import type { TenantId } from '../../domain/ids.ts';
import type { Quotas } from '../../domain/quotas.ts';
import { StartError } from '../../domain/start-error.ts';
import { listTenantsBySlug } from '../../repositories/tenants.ts';
import type { Deps } from '../../usecases/context.ts';
import { setQuotas } from '../../usecases/usage/set-quotas.ts';
import { readConfig } from '../config.ts';
import { type Command, textFlags } from './command.ts';
import { withService } from './with-service.ts';

const lifted = 'none';

export const quotaCommand: Command = {
  summary: 'shows or sets what a tenant may use',
  help: [
    'Usage: opsforge quota --tenant SLUG [--events-per-month N|none] [--stored-bytes N|none]',
    '',
    'Prints {"tenantId","eventsPerMonth","storedBytes"}; null is no quota. A flag that is left out',
    'changes nothing. Past a quota events are refused with 429; at four fifths the endpoints that',
    'name opsforge.quota.warning are told. A running service knows within a second.',
    '',
    '  --events-per-month  events accepted in a month of UTC',
    '  --stored-bytes      payload bytes of events that are kept (RETENTION_EVENTS)',
    '  --data-dir          the folder of the embedded database (OPSFORGE_DATA_DIR)',
  ].join('\n'),
  flags: {
    tenant: { type: 'string' },
    'events-per-month': { type: 'string' },
    'stored-bytes': { type: 'string' },
    'data-dir': { type: 'string' },
  },
  async run({ flags, environment, answer }) {
    const {
      tenant: slug,
      'events-per-month': events,
      'stored-bytes': bytes,
      ...rest
    } = textFlags(flags);
    if (slug === undefined) throw new StartError('quota needs --tenant SLUG.', 2);
    const changes: Partial<Quotas> = {
      ...(events === undefined ? {} : { eventsPerMonth: readLimit('--events-per-month', events) }),
      ...(bytes === undefined ? {} : { storedBytes: readLimit('--stored-bytes', bytes) }),
    };
    const config = readConfig(environment, rest);
    const set = await withService(config, async ({ deps }) => {
      const tenantId = await findTenant(deps, slug);
      const actor = { kind: 'operator' as const };
      const quotas = await setQuotas({ deps, tenantId, actor, origin: null }, changes);
      return { tenantId, ...quotas };
    });
    answer(JSON.stringify(set));
  },
};

function readLimit(flag: string, text: string): number | null {
  if (text === lifted) return null;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit > 0 && Number.isSafeInteger(limit)) return limit;
  throw new StartError(`${flag} must be a whole number above 0, or ${lifted}.`, 2);
}

async function findTenant({ database }: Deps, slug: string): Promise<TenantId> {
  const [found] = await database.withLookup((tx) => listTenantsBySlug(tx, [slug]));
  if (found !== undefined) return found.id;
  throw new StartError(`there is no tenant with the slug "${slug}".`, 1);
}

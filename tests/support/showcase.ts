/**
 * A tenant as it looks after a while of use: endpoints that are well, failing and paused,
 * deliveries in every state, figures of the last hours. For tests that look at pages and not at
 * words.
 */
import type { EndpointId } from '../../src/domain/ids.ts';
import { addProjectRollups } from './project-rollups.ts';
import { fillDeliveries } from './showcase-deliveries.ts';
import type { TestPages } from './signed-in.ts';
import { createEndpointRow, createTenant } from './tenants.ts';
import { fillTenant, type MarkedTenant } from './walls/marked-tenant.ts';

type Showcase = MarkedTenant & {
  ids: Awaited<ReturnType<typeof fillTenant>>;
  /** A link by which the customer of all its endpoints comes in. */
  portal: { token: string; id: string };
};

const customer = 'tallybridge';

const endpointKinds = [
  {
    ...{ url: 'https://hooks.ledgerly.example.com/v2/invoices', description: 'billing-ledger' },
    failingSince: new Date(Date.now() - 1_320_000),
  },
  { url: 'https://shop.example.com/webhooks', description: 'customs-broker' },
  { url: `https://example.com/${'a-very-long-path/'.repeat(8)}`, description: '' },
];
const minutesOfFigures = 24 * 60;
const hoursOfFigures = 24;

export async function createShowcase(pages: TestPages): Promise<Showcase> {
  const made = await createTenant(pages.db.database);
  const { sql } = pages.db.admin;
  await sql`update tenants set name = 'Acme Payments' where id = ${made.tenantId}`;
  await sql`update projects set name = 'Production' where id = ${made.projectId}`;
  const tenant = { ...made, marker: 'invoice' };
  const endpointIds: EndpointId[] = [];
  for (const values of endpointKinds) {
    const { url, ...rest } = values;
    const endpointId = await createEndpointRow(pages.db.database, tenant, url, rest);
    endpointIds.push(endpointId);
    await addFigures(pages, tenant, endpointId, 'failingSince' in values);
  }
  await fillDeliveries(pages, tenant, endpointIds);
  await addUsage(pages, tenant);
  await addProjectRollups(sql);
  const ids = new Map(await fillTenant(pages, tenant));
  // The one with figures and deliveries; what is made last has neither.
  const [inTrouble] = endpointIds;
  if (inTrouble !== undefined) ids.set('endpoint', inTrouble);
  await sql`update portal_settings set name = 'Acme Payments' where tenant_id = ${tenant.tenantId}`;
  await addSources(pages, tenant);
  await sql`
    insert into source_counts (tenant_id, source_id, hour, outcome, reason, messages, last_at)
    select tenant_id, id, date_trunc('hour', now()), c.outcome, c.reason, c.messages, now()
    from sources, (values ('accepted', '', 4102), ('repeated', '', 18),
      ('refused', 'its signature is not made with the secret of this source', 58),
      ('refused', 'it was signed more than 5 min ago', 3)) c (outcome, reason, messages)
    where tenant_id = ${tenant.tenantId} and (outcome <> 'refused' or kind = 'github')`;
  await sql`update endpoints set customer = ${customer} where tenant_id = ${tenant.tenantId}`;
  const key = await pages.keyOf(tenant, ['admin']);
  const link = await pages.send('POST', '/api/v1/portal-links', { key, body: { customer } });
  const portal = { token: link.string('token'), id: link.string('id') };
  return { ...tenant, ids, portal };
}

async function addSources(pages: TestPages, tenant: MarkedTenant) {
  const key = await pages.keyOf(tenant, ['admin']);
  const secret = 'whsec_bm90IGEgc2VjcmV0IG9mIGFueWJvZHkncw==';
  for (const [kind, name] of [
    ['stripe', 'Live account, eu'],
    ['shopify', 'northwind-supplies'],
  ]) {
    const body = { kind, name, secret };
    const answer = await pages.send('POST', '/api/v1/sources', { key, body });
    if (answer.status !== 201) throw new Error(`a source was answered with ${answer.status}`);
  }
}

/** A day that is busier by day, and trouble in the last three quarters of an hour. */
async function addFigures(
  pages: TestPages,
  tenant: MarkedTenant,
  endpointId: EndpointId,
  isFailing: boolean,
) {
  const { sql } = pages.db.admin;
  const counts = Array.from({ length: 21 }, (_, place) =>
    place >= 3 && place < 9 ? 90 - place * 8 : 0,
  );
  for (const unit of ['minute', 'hour'] as const) {
    const isMinute = unit === 'minute';
    const last = isMinute ? minutesOfFigures : hoursOfFigures;
    const [factor, period, trouble] = isMinute ? [1, 229, 45] : [60, 3.8, 1];
    const failed = isFailing ? sql`(n < ${trouble}::int)::int * ${7 * factor}::int` : sql`0`;
    await sql`
      insert into ${sql(`delivery_stats_${unit}`)} (tenant_id, project_id, endpoint_id, bucket,
        delivered, failed, attempts, attempts_failed, answer_counts, latency_counts)
      select ${tenant.tenantId}, ${tenant.projectId}, ${endpointId},
        date_trunc(${unit}, now()) - n * ${`1 ${unit}`}::interval, good, ${failed},
        good + ${failed} * 4 + few, ${failed} * 4 + few, ${counts}, ${counts}
      from (
        select n, (${factor}::int * (52 + 24 * cos(n / ${period}::float8) + n * 7 % 5))::int as good,
          (n % 397 = 60)::int * 3 as few
        from generate_series(0, ${last}::int) n) each`;
  }
}

async function addUsage(pages: TestPages, { tenantId, projectId }: MarkedTenant) {
  await pages.db.admin.sql`
    insert into usage_days (tenant_id, project_id, day, events, bytes, deliveries, attempts)
    select ${tenantId}, ${projectId}, (now() at time zone 'UTC')::date - n,
      41000 - n * 311 % 9000, 61000000, 88000, 91000
    from generate_series(0, 29) n
    on conflict (tenant_id, project_id, day) do update set events = excluded.events`;
}

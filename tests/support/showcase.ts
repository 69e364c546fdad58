/**
 * A tenant as it looks after a while of use: endpoints that are well, failing and paused,
 * deliveries in every state, figures of the last hours. For tests that look at pages and not at
 * words.
 */
import type { EndpointId } from '../../src/domain/ids.ts';
import { createEndedRow, createEventRow, createPendingRow } from './deliveries.ts';
import { addProjectRollups } from './project-rollups.ts';
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
  { url: 'https://ledger.example.com/hooks/v2/invoices', description: 'Ledger' },
  {
    ...{ url: 'https://shop.example.com/webhooks', description: 'Shop front' },
    ...{ failingSince: new Date(Date.now() - 3_600_000), consecutiveFailures: 12 },
  },
  { url: `https://example.com/${'a-very-long-path/'.repeat(8)}`, description: '' },
];
const types = ['invoice.paid', 'invoice.voided', 'customer.subscription.updated'];
const endings = ['delivered', 'delivered', 'failed', 'cancelled'] as const;
const deliveriesEach = 8;
const minutesOfFigures = 24 * 60;
const hoursOfFigures = 24;

export async function createShowcase(pages: TestPages): Promise<Showcase> {
  const made = await createTenant(pages.db.database);
  const { sql } = pages.db.admin;
  await sql`update tenants set name = 'Acme Payments' where id = ${made.tenantId}`;
  await sql`update projects set name = 'Production' where id = ${made.projectId}`;
  const tenant = { ...made, marker: 'invoice' };
  for (const values of endpointKinds) {
    const { url, ...rest } = values;
    const endpointId = await createEndpointRow(pages.db.database, tenant, url, rest);
    await addDeliveries(pages, tenant, endpointId);
    await addFigures(pages, tenant, endpointId);
  }
  await addProjectRollups(sql);
  const ids = await fillTenant(pages, tenant);
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

async function addDeliveries(pages: TestPages, tenant: MarkedTenant, endpointId: EndpointId) {
  const { database } = pages.db;
  for (let index = 0; index < deliveriesEach; index += 1) {
    const eventType = types[index % types.length] ?? '';
    const payload = JSON.stringify({ number: `A-${index}`, amount: 4_200 });
    const eventId = await createEventRow(database, tenant, { type: eventType, payload });
    const status = endings[index % endings.length];
    if (status === undefined) throw new Error('the endings are not empty');
    const lastError = status === 'failed' ? 'No answer within 15 s' : null;
    await createEndedRow(database, tenant, eventId, endpointId, { eventType, status, lastError });
    await createPendingRow(database, tenant, eventId, endpointId, { eventType });
  }
}

async function addFigures(pages: TestPages, tenant: MarkedTenant, endpointId: EndpointId) {
  const { sql } = pages.db.admin;
  const counts = Array.from({ length: 21 }, (_, place) =>
    place >= 3 && place < 9 ? 90 - place * 8 : 0,
  );
  for (const unit of ['minute', 'hour'] as const) {
    const last = unit === 'minute' ? minutesOfFigures : hoursOfFigures;
    await sql`
      insert into ${sql(`delivery_stats_${unit}`)} (tenant_id, project_id, endpoint_id, bucket,
        delivered, failed, attempts, attempts_failed, answer_counts, latency_counts)
      select ${tenant.tenantId}, ${tenant.projectId}, ${endpointId},
        date_trunc(${unit}, now()) - n * ${`1 ${unit}`}::interval, 40 + n % 7 * 90, n % 5 * 3,
        60 + n % 7 * 90, n % 5 * 4, ${counts}, ${counts}
      from generate_series(0, ${last}::int) n`;
  }
}

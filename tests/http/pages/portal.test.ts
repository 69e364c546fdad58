/** Portals: what a customer's pages show and do, as whom they look, and who may frame them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createEndedRow, createEventRow, createPendingRow } from '../../support/deliveries.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createEndpointRow, createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let admin: string;
let portal: string;
let own: Things;
let other: Things;

type Things = { endpointId: string; pendingId: string; endedId: string };

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  admin = await pages.keyOf(tenant, ['admin']);
  own = await addThings('tallybridge', 'Shipments');
  other = await addThings('somebody', 'Not for you');
  portal = await linkPath();
});

async function addThings(customer: string, name: string): Promise<Things> {
  const { database } = pages.db;
  const url = `https://example.com/${encodeURIComponent(name)}`;
  const values = { customer, description: name };
  const endpointId = await createEndpointRow(database, tenant, url, values);
  const [first, second] = [
    await createEventRow(database, tenant, { type: 'shipment.created' }),
    await createEventRow(database, tenant, { type: 'quote.expired' }),
  ];
  const pendingId = await createPendingRow(database, tenant, first, endpointId, {
    eventType: 'shipment.created',
  });
  const endedId = await createEndedRow(database, tenant, second, endpointId, {
    status: 'failed',
    eventType: 'quote.expired',
  });
  await pages.db.admin.sql`
    insert into delivery_attempts (tenant_id, delivery_id, id, attempt, outcome, started_at,
      duration_ms, status_code, request_headers, response_headers, worker, response_body)
    values (${tenant.tenantId}, ${endedId}, ${Bun.randomUUIDv7()}, 1, 'failed', now(), 210, 500,
      '{"webhook-id":"msg_1"}', '{"server":"theirs"}', 'w', '<b>no</b> stock')`;
  return { endpointId, pendingId, endedId };
}

async function linkPath(values: object = {}): Promise<string> {
  const body = { customer: 'tallybridge', ...values };
  const made = await pages.send('POST', '/api/v1/portal-links', { key: admin, body });
  return new URL(made.string('url')).pathname;
}

const setLook = (body: object) =>
  pages.send('PATCH', '/api/v1/portal-settings', { key: admin, body });

/** As a browser does in a frame under `no-referrer`: no cookie, no origin that is known. */
const post = (path: string, form: Record<string, string> = {}) =>
  pages.post(path, form, { cookie: '', origin: 'null', 'sec-fetch-site': 'cross-site' });

describe('the page of a customer', () => {
  test('shows its endpoints and deliveries, none of another, and until when it holds', async () => {
    const { text, status } = await pages.get(portal);
    expect(status).toBe(200);
    for (const words of ['Shipments', 'shipment.created', 'quote.expired', 'ends ']) {
      expect(text).toContain(words);
    }
    expect(text).toContain('This link is for tallybridge');
    expect(text).not.toContain('Not for you');
    expect(await findPageOffences(text)).toEqual([]);
    const failed = await pages.get(`${portal}?status=failed`);
    expect(failed.text).not.toContain('shipment.created');
  });

  test('adds up what its endpoints took in 24 hours, and nothing of another', async () => {
    const { sql } = pages.db.admin;
    const { projectId, tenantId } = tenant;
    for (const { endpointId } of [own, other]) {
      await sql`
        insert into delivery_stats_hour (tenant_id, project_id, endpoint_id, bucket, delivered,
          failed, attempts, attempts_failed, answer_counts, latency_counts)
        values (${tenantId}, ${projectId}, ${endpointId}, date_trunc('hour', now()), 1900, 0,
          2000, 100, '{}', '{}')`;
    }
    const { text } = await pages.get(portal);
    const seen = text.replace(/<[^>]+>|\s+/g, ' ').replace(/ +/g, ' ');
    expect(seen).toContain('Requests, 24 h 2 000 100 failed');
    expect(seen).toContain('Success 95.00 %');
    expect(seen).toContain('Waiting 1 sent by itself');
  });

  test('offers to send what failed and a test, unless its link may only look', async () => {
    const deeds = [`/deliveries/${own.endedId}/retry`, `/endpoints/${own.endpointId}/test`];
    const { text } = await pages.get(portal);
    const sent = await post(`${portal}${deeds[0]}`);
    const looking = await linkPath({ permissions: ['read'] });
    const shown = await pages.get(looking);
    for (const deed of deeds) {
      expect(text).toContain(`action="${portal}${deed}"`);
      expect(shown.text).not.toContain(deed);
    }
    expect(text).not.toContain(`${own.pendingId}/retry`);
    expect(sent.status).toBe(303);
    expect((await post(`${looking}${deeds[0]}`)).status).toBe(403);
  });

  test('answers its changing part alone when it is asked for that', async () => {
    const headers = { 'hx-request': 'true', 'hx-target': 'div#deliveries' };
    const { text } = await pages.get(portal, headers);
    expect(text).toStartWith('<div id="deliveries"');
    expect((await pages.get(portal)).text).toContain('id="deliveries"');
  });

  test('leaves a part as it is when it fails, and says the error beside it', async () => {
    const headers = { 'hx-request': 'true', 'hx-target': 'div#attempts' };
    const answer = await pages.get(`${portal}/deliveries/${other.pendingId}`, headers);
    expect([answer.status, answer.text]).toEqual([404, '']);
    expect(answer.headers.get('hx-reswap')).toBe('none');
    expect(JSON.parse(answer.headers.get('hx-trigger') ?? '')).toMatchObject({
      toast: { tone: 'bad' },
    });
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('whose link has ended is left for what says so when a part is asked for', async () => {
    const headers = { 'hx-request': 'true', 'hx-target': 'div#deliveries' };
    const ended = '/portal/nobody-knows-this';
    const answer = await pages.get(`${ended}/deliveries/${own.pendingId}`, headers);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('hx-redirect')).toBe(ended);
    expect((await pages.get(ended)).text).toContain('This link has ended');
  });

  test('has the name and the colours of the tenant, in a style sheet of its own', async () => {
    await setLook({ name: 'Northwind <Freight>', color: '#00665c', darkColor: '#3fc1b0' });
    const { text } = await pages.get(portal);
    expect(text).toContain('Northwind &lt;Freight&gt;');
    expect(text).toContain(`<link rel="stylesheet" href="${portal}/brand.css"`);
    const sheet = await pages.get(`${portal}/brand.css`);
    expect(sheet.headers.get('content-type')).toStartWith('text/css');
    expect(sheet.text).toMatch(/html\.brand \{\n {2}--primary: #00665c;/);
    expect(sheet.text).toMatch(/html\.brand\.dark \{\n {2}--primary: #3fc1b0;/);
    expect(sheet.text).not.toContain('--bad');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is framed by the listed origins alone, and tells nobody its address', async () => {
    const alone = (await pages.get(portal)).headers;
    expect(alone.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(alone.get('x-frame-options')).toBe('DENY');
    await setLook({ frameOrigins: ['https://app.example.com', 'https://b.example.com'] });
    const { headers } = await pages.get(portal);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toEndWith('frame-ancestors https://app.example.com https://b.example.com');
    expect(policy).toContain("script-src 'self'; style-src 'self'");
    expect(headers.get('x-frame-options')).toBeNull();
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
  });

  test('whose link has ended says so and whom to ask', async () => {
    const { sql } = pages.db.admin;
    const over = await linkPath({ expiresInSeconds: 60 });
    await sql`update portal_links set expires_at = now() - interval '1 s' where tenant_id = ${tenant.tenantId}`;
    pages.portal.clear();
    for (const path of [over, `${over}/brand.css`, '/portal/ofp_x', `${over}/endpoints/new`]) {
      const { text, status, headers } = await pages.get(path);
      expect(status).toBe(401);
      expect(text).toContain('This link has ended');
      expect(text).toContain('Ask whoever gave it to you');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(await findPageOffences(text)).toEqual([]);
    }
    expect((await post(`${over}/endpoints/${own.endpointId}/pause`)).status).toBe(401);
  });
});

describe('in a frame', () => {
  const framed = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' };
  const policyOf = ({ headers }: { headers: Headers }) =>
    headers.get('content-security-policy') ?? '';
  const origins = ['https://app.example.com', 'https://b.example.com'];

  async function endedLinks(): Promise<string[]> {
    const { sql } = pages.db.admin;
    const [over, revoked] = [await linkPath(), await linkPath()];
    const links = await pages.send('GET', '/api/v1/portal-links', { key: admin });
    const [revokedId, overId] = links.ids();
    await pages.send('DELETE', `/api/v1/portal-links/${revokedId}`, { key: admin });
    await sql`update portal_links set expires_at = now() - interval '1 s' where id = ${overId ?? ''}`;
    return [over, revoked];
  }

  test('of a listed origin, a link that is over says so as its pages would', async () => {
    await setLook({ frameOrigins: origins });
    for (const path of await endedLinks()) {
      for (const headers of [framed, {}]) {
        const answer = await pages.get(`${path}/endpoints/new`, headers);
        expect(answer.status).toBe(401);
        expect(answer.text).toContain('>This link has ended</h1>');
        expect(policyOf(answer)).toEndWith(`frame-ancestors ${origins.join(' ')}`);
        expect(answer.headers.get('x-frame-options')).toBeNull();
        expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      }
    }
  });

  test('what is not there, or not allowed, is framed as the pages are', async () => {
    await setLook({ frameOrigins: origins });
    const answer = await pages.get(`${portal}/endpoints/${other.endpointId}`, framed);
    expect(answer.status).toBe(404);
    expect(policyOf(answer)).toEndWith(`frame-ancestors ${origins.join(' ')}`);
  });

  test('a link that nobody knows is a plain text there, and a page of nobody’s frame elsewhere', async () => {
    const ended = await endedLinks();
    for (const path of [...ended, '/portal/ofp_x', `/portal/ofp_${'A'.repeat(43)}/brand.css`]) {
      const text = await pages.get(path, framed);
      expect([path, text.status]).toEqual([path, 401]);
      expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(text.text).toStartWith('This link has ended\n');
      expect(policyOf(text)).toBe("default-src 'none'; sandbox");
      expect(text.headers.get('x-frame-options')).toBeNull();
      expect(text.headers.get('x-content-type-options')).toBe('nosniff');
      expect(text.headers.get('cache-control')).toBe('no-store');
      expect(text.headers.get('referrer-policy')).toBe('no-referrer');
      const page = await pages.get(path);
      expect(page.status).toBe(401);
      expect(policyOf(page)).toEndWith("frame-ancestors 'none'");
      expect(page.headers.get('x-frame-options')).toBe('DENY');
    }
  });
});

describe('an endpoint', () => {
  const path = () => `${portal}/endpoints/${own.endpointId}`;
  const form = { url: 'https://example.com/new', description: 'New one', eventTypes: 'quote.*' };

  test('is added, with its secret shown, for the customer and its events', async () => {
    const { text, status } = await post(`${portal}/endpoints/new`, form);
    expect(status).toBe(200);
    expect(text).toMatch(/<code>whsec_[A-Za-z0-9+/=]+<\/code>/);
    expect(await findPageOffences(text)).toEqual([]);
    const [row] = await pages.db.admin.sql`
      select customer, filter, event_types from endpoints
      where tenant_id = ${tenant.tenantId} and description = 'New one'`;
    expect(row).toEqual({
      customer: 'tallybridge',
      filter: { metadata: { customer: 'tallybridge' } },
      event_types: ['quote.*'],
    });
  });

  test.each([
    ['url', { url: 'ftp://example.com' }],
    ['url', { url: '' }],
    ['eventTypes', { eventTypes: 'a opsforge.**' }],
  ])('is refused at %s for %j', async (field, wrong) => {
    const { text, status } = await post(`${portal}/endpoints/new`, { ...form, ...wrong });
    expect(status).toBe(422);
    expect(text).toContain(`id="${field}-error"`);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('shows its secret when asked, and rotates it', async () => {
    const hidden = await pages.get(path());
    expect(hidden.text).not.toContain('whsec_');
    expect(await findPageOffences(hidden.text)).toEqual([]);
    const shown = await post(`${path()}/secret`);
    const [, before = ''] = /<code>(whsec_[^<]+)<\/code>/.exec(shown.text) ?? [];
    expect(before).not.toBe('');
    const rotated = await post(`${path()}/rotate`, { overlapSeconds: '3600' });
    expect(rotated.text).toMatch(/<code>whsec_[^<]+<\/code>/);
    expect(rotated.text).not.toContain(before);
    const refused = await post(`${path()}/rotate`, { overlapSeconds: '-1' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="overlapSeconds-error"');
  });

  test('signs with one secret alone once the one before is ended', async () => {
    await post(`${path()}/rotate`, { overlapSeconds: '3600' });
    const both = await pages.get(path());
    expect(both.text).toContain('signs beside it until');
    expect(await findPageOffences(both.text)).toEqual([]);
    const asked = await pages.get(`${path()}/rotate/end`);
    expect(asked.text).toContain('End the previous secret now');
    expect(await findPageOffences(asked.text)).toEqual([]);
    const answer = await post(`${path()}/rotate/end`);
    expect(answer.headers.get('location')).toBe(`${path()}?done=ended`);
    const alone = await pages.get(`${path()}?done=ended`);
    expect(alone.text).toContain('The current secret signs alone');
    expect(alone.text).not.toContain('signs beside it until');
    const rows = await pages.db.admin.sql`
      select from audit_log where tenant_id = ${tenant.tenantId}
        and action = 'endpoint.previous_secrets_ended'`;
    expect(rows).toHaveLength(1);
  });

  test('is changed, but not in the types that the tenant chose', async () => {
    const changed = { url: 'https://example.com/other', description: 'Other' };
    const answer = await post(`${path()}/edit`, changed);
    expect(answer.headers.get('location')).toBe(`${path()}?done=saved`);
    expect((await pages.get(`${path()}?done=saved`)).text).toContain('Endpoint saved');
    expect((await pages.get(`${path()}/edit`)).text).not.toContain('eventTypes');
    const wider = await post(`${path()}/edit`, { ...changed, eventTypes: '**' });
    expect(wider.status).toBe(422);
    const bad = await post(`${path()}/edit`, { ...changed, url: 'nothing' });
    expect(bad.text).toContain('id="url-error"');
  });

  test('is paused and resumed, and tested', async () => {
    expect((await post(`${path()}/pause`)).headers.get('location')).toBe(`${path()}?done=paused`);
    expect((await pages.get(path())).text).toContain('deliveries wait until it is resumed');
    expect((await post(`${path()}/resume`)).status).toBe(303);
    const test = await post(`${path()}/test`);
    const to = test.headers.get('location') ?? '';
    expect(to).toStartWith(`${portal}/deliveries/`);
    expect((await pages.get(to)).text).toContain('Test sent');
  });

  test('is deleted when its name was typed', async () => {
    const refused = await post(`${path()}/delete`, { confirm: 'shipments' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="confirm-error"');
    const done = await post(`${path()}/delete`, { confirm: 'Shipments' });
    expect(done.headers.get('location')).toBe(`${portal}?done=deleted`);
    expect((await pages.get(path())).status).toBe(404);
  });

  test('of another customer is not there', async () => {
    const elsewhere = `${portal}/endpoints/${other.endpointId}`;
    for (const below of ['', '/edit', '/rotate', '/rotate/end', '/delete']) {
      expect((await pages.get(elsewhere + below)).status).toBe(404);
    }
    for (const [deed, values] of Object.entries({
      ...{ secret: {}, rotate: { overlapSeconds: '0' }, test: {}, pause: {}, resume: {} },
      ...{ edit: { url: 'https://example.com' }, delete: { confirm: 'Not for you' } },
      'rotate/end': {},
    })) {
      expect([deed, (await post(`${elsewhere}/${deed}`, values)).status]).toEqual([deed, 404]);
    }
  });
});

describe('a delivery', () => {
  test('shows what was sent and answered, and is sent again', async () => {
    const path = `${portal}/deliveries/${own.endedId}`;
    const { text } = await pages.get(path);
    for (const words of ['webhook-id', 'theirs', '&lt;b&gt;no', 'Send now']) {
      expect(text).toContain(words);
    }
    expect(await findPageOffences(text)).toEqual([]);
    const again = await post(`${path}/retry`);
    expect(again.headers.get('location')).toBe(`${path}?done=retried`);
  });

  test('that waits is asked for again by itself', async () => {
    const path = `${portal}/deliveries/${own.pendingId}`;
    const { text } = await pages.get(path);
    expect(text).toContain(`hx-get="${path}"`);
    expect(text).toContain('None yet');
  });

  test('of another customer is not there', async () => {
    const path = `${portal}/deliveries/${other.endedId}`;
    expect((await pages.get(path)).status).toBe(404);
    expect((await post(`${path}/retry`)).status).toBe(404);
  });
});

describe('a link that may only look', () => {
  test('shows all but secrets, and changes nothing', async () => {
    const look = await linkPath({ permissions: ['read'] });
    const at = `${look}/endpoints/${own.endpointId}`;
    const { text } = await pages.get(at);
    expect(text).toContain('Shipments');
    for (const deed of ['Send test', 'Reveal', 'Edit', 'Delete']) expect(text).not.toContain(deed);
    expect((await pages.get(look)).text).not.toContain('Add endpoint');
    const delivery = `${look}/deliveries/${own.endedId}`;
    expect((await pages.get(delivery)).text).not.toContain('Send now');
    const deeds: [string, Record<string, string>][] = [
      [`${look}/endpoints/new`, { url: 'https://example.com' }],
      [`${at}/edit`, { url: 'https://example.com' }],
      [`${at}/rotate`, { overlapSeconds: '0' }],
      [`${at}/delete`, { confirm: 'Shipments' }],
      ...['secret', 'test', 'pause', 'resume', 'rotate/end'].map(
        (deed): [string, Record<string, string>] => [`${at}/${deed}`, {}],
      ),
      [`${delivery}/retry`, {}],
    ];
    for (const [path, form] of deeds) {
      const answer = await post(path, form);
      expect([path, answer.status]).toEqual([path, 403]);
      expect(await findPageOffences(answer.text)).toEqual([]);
    }
    expect((await pages.get(`${at}/edit`)).status).toBe(403);
  });
});

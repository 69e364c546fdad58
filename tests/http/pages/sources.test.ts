/** Sources: what is listed, how one is made and its secret shown once, changed, deleted. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let list: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/p/main/sources`;
  await pages.signIn(tenant);
});

const secret = "It's a Secret to Everybody";

/** Its id, and the page that answered. */
async function add(form: Record<string, string> = {}) {
  const answer = await pages.post(`${list}/new`, { name: 'Shop', kind: 'github', secret, ...form });
  const [, id = ''] = /\/api\/v1\/sources\/([0-9a-f-]{36})/.exec(answer.text) ?? [];
  return { answer, id, path: `${list}/${id}` };
}

const fromGithub = (id: string, by: string, more: Record<string, string> = {}) =>
  pages.send('POST', `/api/v1/sources/${id}`, {
    rawBody: '{"a":1}',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      ...more,
      'x-hub-signature-256': `sha256=${createHmac('sha256', by).update('{"a":1}').digest('hex')}`,
    },
  });

/** A tenant that nobody here is in, with a source of its own. */
async function addElsewhere() {
  const mine = { tenant, list };
  tenant = await createTenant(pages.db.database);
  list = `/t/${tenant.name}/p/main/sources`;
  await pages.signIn(tenant);
  const { id } = await add({ name: 'Not for you' });
  ({ tenant, list } = mine);
  await pages.signIn(tenant);
  return id;
}

describe('the page', () => {
  test('without sources lets one pick who sends', async () => {
    const { text, status } = await pages.get(list);
    expect(status).toBe(200);
    for (const kind of ['GitHub', 'Stripe', 'Twilio', 'Generic HMAC']) expect(text).toContain(kind);
    expect(text).toContain(`href="${list}/new?kind=alertmanager"`);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('shows the newest with its address, where to paste it, and what it becomes', async () => {
    await add({ name: 'Older', kind: 'stripe', secret: 'whsec_abc' });
    const { id } = await add();
    const { text } = await pages.get(list);
    expect(text).toContain(`https://opsforge.test/api/v1/sources/${id}`);
    expect(text).toContain('Paste it at GitHub');
    expect(text).toContain('github.&lt;X-GitHub-Event&gt;.&lt;action&gt;');
    expect(text).toContain('2 sources');
    expect(text).not.toContain(secret);
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('shows no source of another tenant, and finds none', async () => {
    const id = await addElsewhere();
    expect((await pages.get(list)).text).not.toContain('Not for you');
    for (const below of ['', '/edit', '/secret', '/delete']) {
      expect((await pages.get(`${list}/${id}${below}`)).status).toBe(404);
    }
  });

  test('of another project of the tenant is not here', async () => {
    await pages.post(`/t/${tenant.name}/projects/new`, { name: 'Second' });
    const { id } = await add();
    const elsewhere = `/t/${tenant.name}/p/second/sources/${id}`;
    expect((await pages.get(elsewhere)).status).toBe(404);
    expect((await pages.post(`${elsewhere}/delete`, { confirm: 'Shop' })).status).toBe(404);
  });

  test('keeps markup in names as text', async () => {
    const { path } = await add({ name: '<b>"x' });
    const { text } = await pages.get(path);
    expect(text).toContain('&lt;b&gt;');
    expect(text).not.toContain('<b>"x');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('offers a viewer nothing that is refused', async () => {
    const { path } = await add();
    await pages.signIn(tenant, 'viewer');
    const { text } = await pages.get(path);
    expect(text).not.toContain(`${path}/edit`);
    expect(text).not.toContain('New source');
  });
});

describe('the counts of a source', () => {
  test('say what was taken, dropped and refused, and why, to nobody but its tenant', async () => {
    const { id, path } = await add();
    expect((await pages.get(path)).text).toContain('no message yet');
    await fromGithub(id, secret);
    await fromGithub(id, 'another secret');
    await fromGithub(id, 'another secret');
    await pages.sources.flushCounts();
    await fromGithub(id, 'another secret');
    await pages.sources.flushCounts();
    const { text } = await pages.get(path);
    const seen = text.replace(/<[^>]+>|\s+/g, ' ').replace(/ +/g, ' ');
    expect(seen).toContain('Accepted, 24 h 1 ');
    expect(seen).toContain('Rejected, 24 h 3 ');
    expect(seen).toContain('its signature held');
    expect(seen).toContain('Shop: 3 of 4 were rejected in 24 h');
    expect(seen).toContain('Why rejected');
    expect(await findPageOffences(text)).toEqual([]);
    tenant = await createTenant(pages.db.database);
    list = `/t/${tenant.name}/p/main/sources`;
    await pages.signIn(tenant);
    const other = await pages.get((await add()).path);
    expect(other.text).toContain('no message yet');
    expect(other.text.includes('Why rejected')).toBe(false);
  });

  test('are drawn by the hour, also the hours without any', async () => {
    const { id, path } = await add();
    expect((await pages.get(path)).text).not.toContain('Requests per hour');
    await fromGithub(id, secret);
    await fromGithub(id, 'another secret');
    await pages.sources.flushCounts();
    const { sql } = pages.db.admin;
    await sql`insert into source_counts
      select tenant_id, source_id, hour - interval '3 hours', 'accepted', '', 7, last_at
      from source_counts where source_id = ${id} and outcome = 'accepted'`;
    await sql`insert into source_counts
      select tenant_id, source_id, hour - interval '25 hours', 'accepted', '', 900, last_at
      from source_counts where source_id = ${id} and outcome = 'refused'`;
    const { text } = await pages.get(path);
    expect(text).toContain('last 24 h: 8 accepted, 0 repeats dropped, 1 rejected');
    expect(text.match(/<title>[^<]* UTC: [^<]*<\/title>/g)).toHaveLength(24);
    expect(text).toContain('UTC: 7 accepted, 0 repeats, 0 rejected');
    expect(text).toContain('UTC: 1 accepted, 0 repeats, 1 rejected');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('put the one that fails first, and show it where none is chosen', async () => {
    const { id, path } = await add({ name: 'Older' });
    await add({ name: 'Newer', kind: 'stripe', secret: 'whsec_abc' });
    await fromGithub(id, 'another');
    await pages.sources.flushCounts();
    const { text } = await pages.get(list);
    expect(text.indexOf(`href="${path}"`)).toBeLessThan(text.indexOf('Newer'));
    expect(text).toContain(`https://opsforge.test/api/v1/sources/${id}`);
    expect(text).toContain('its signature is not made with the secret');
  });

  test('of a message that was there already, say that it was dropped', async () => {
    const { id, path } = await add();
    const again = { 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' };
    await fromGithub(id, secret, again);
    await fromGithub(id, secret, again);
    await pages.sources.flushCounts();
    const seen = (await pages.get(path)).text.replace(/<[^>]+>|\s+/g, ' ').replace(/ +/g, ' ');
    expect(seen).toContain('Accepted, 24 h 1 ');
    expect(seen).toContain('Repeats dropped 1 ');
  });
});

describe('a previous secret', () => {
  const change = (path: string, form: Record<string, string> = {}) =>
    pages.post(`${path}/secret`, { secret: 'a newer secret', overlapSeconds: '3600', ...form });
  const auditOf = async () => {
    const rows = await pages.db.admin.sql<{ action: string }[]>`
      select action from audit_log where tenant_id = ${tenant.tenantId}
        and action like 'source.%' order by id`;
    return rows.map(({ action }) => action);
  };

  test('counts until its end, or until it is ended, which is done and recorded once', async () => {
    const { id, path } = await add();
    expect((await pages.get(path)).text).not.toContain('End now');
    await change(path);
    expect((await fromGithub(id, secret)).status).toBe(202);
    const { text } = await pages.get(path);
    expect(text.replace(/<[^>]+>|\s+/g, ' ').replace(/ +/g, ' ')).toContain(
      'The previous one still',
    );
    expect(text).toContain('End the previous secret now');
    expect(await findPageOffences(text)).toEqual([]);
    const asked = await pages.get(`${path}/secret/end`);
    expect(asked.text).toContain('End the previous secret');
    expect(await findPageOffences(asked.text)).toEqual([]);
    const answer = await pages.post(`${path}/secret/end`, {});
    expect(answer.headers.get('location')).toBe(path);
    expect((await fromGithub(id, secret)).status).toBe(401);
    expect((await fromGithub(id, 'a newer secret')).status).toBe(202);
    await pages.post(`${path}/secret/end`, {});
    expect((await pages.get(path)).text).not.toContain('End now');
    expect(await auditOf()).toEqual([
      ...['source.created', 'source.updated', 'source.previous_secrets_ended'],
    ]);
  });

  test('is ended by nobody who may only look, and by nobody of another tenant', async () => {
    const { id, path } = await add();
    await change(path);
    const theirs = await addElsewhere();
    for (const there of [theirs, Bun.randomUUIDv7(), 'none']) {
      expect((await pages.post(`${list}/${there}/secret/end`, {})).status).toBe(404);
    }
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${path}/secret/end`, {})).status).toBe(403);
    expect((await pages.get(path)).text).not.toContain('End now');
    expect((await fromGithub(id, secret)).status).toBe(202);
  });
});

describe('a paused source', () => {
  test('refuses what its sender posts until it is resumed, and says so', async () => {
    const { id, path } = await add();
    const answer = await pages.post(`${path}/pause`, {});
    expect(answer.headers.get('location')).toBe(path);
    const refused = await fromGithub(id, secret);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await fromGithub(id, 'another')).status).toBe(401);
    await pages.sources.flushCounts();
    const { text } = await pages.get(path);
    expect(text).toContain('It is paused');
    expect(text).toContain('the source was paused');
    expect(text).toContain('once their signature holds.');
    expect(await findPageOffences(text)).toEqual([]);
    await pages.post(`${path}/resume`, {});
    expect((await fromGithub(id, secret)).status).toBe(202);
    expect((await pages.get(path)).text).not.toContain('It is paused');
  });

  test('is paused by nobody who may only look, and by nobody of another tenant', async () => {
    const { id, path } = await add();
    const theirs = await addElsewhere();
    for (const there of [theirs, Bun.randomUUIDv7(), 'none']) {
      expect((await pages.post(`${list}/${there}/pause`, {})).status).toBe(404);
      expect((await pages.post(`${list}/${there}/resume`, {})).status).toBe(404);
    }
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${path}/pause`, {})).status).toBe(403);
    expect((await pages.post(`${path}/resume`, {})).status).toBe(403);
    expect((await fromGithub(id, secret)).status).toBe(202);
  });
});

describe('a new source', () => {
  test.each(['github', 'gitlab', 'stripe', 'slack', 'shopify', 'twilio', 'standard', 'hmac'])(
    'of the kind %s has a form that says where the secret is',
    async (kind) => {
      const { text, status } = await pages.get(`${list}/new?kind=${kind}`);
      expect(status).toBe(200);
      expect(text).toContain('aria-describedby="secret-help"');
      expect(text.includes('settings.crc')).toBe(kind === 'hmac');
      expect(await findPageOffences(text)).toEqual([]);
    },
  );

  test('shows its secret once, and takes what is signed with it', async () => {
    const { answer, id, path } = await add({ secret: '' });
    expect(answer.text).toContain('is shown this once');
    const [, made = ''] = /<code>([0-9a-f]{64})<\/code>/.exec(answer.text) ?? [];
    expect(made).not.toBe('');
    expect((await fromGithub(id, made)).status).toBe(202);
    expect((await pages.get(path)).text).not.toContain(made);
    expect(await findPageOffences(answer.text)).toEqual([]);
  });

  test('of an own sender takes its settings', async () => {
    const { path } = await add({
      kind: 'hmac',
      'settings.signatureHeader': 'X-Scale',
      'settings.algorithm': 'sha512',
      'settings.encoding': 'base64',
      'settings.prefix': 'v1=',
      'settings.crc': 'on',
      eventType: 'scale.{type}',
    });
    const { text } = await pages.get(path);
    expect(text).toContain('x-scale: v1=HMAC-SHA512 of the body, base64');
    expect(text).toContain('scale.source.');
    expect((await pages.get(`${path}/edit`)).text).toMatch(/name="settings.crc"[^>]*checked/);
  });

  test.each([
    ['name', { name: '' }],
    ['secret', { kind: 'stripe', secret: '' }],
    ['eventType', { eventType: 'no spaces' }],
    ['settings.signatureHeader', { kind: 'hmac', 'settings.signatureHeader': 'a b' }],
  ])('is refused at %s, and keeps what was typed', async (field, form) => {
    const { answer } = await add(form);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(`id="${field}-error"`);
    expect(answer.text).toContain('Nothing was saved: 1 field needs a change');
    expect(await findPageOffences(answer.text)).toEqual([]);
  });

  test('of no kind that there is asks for the kind again', async () => {
    const { answer } = await add({ kind: 'carrier-pigeon' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Who sends?');
  });

  test('is refused to a viewer and in another tenant', async () => {
    await pages.signIn(tenant, 'viewer');
    const form = { name: 'Shop', kind: 'github' };
    expect((await pages.post(`${list}/new`, form)).status).toBe(403);
    const other = await createTenant(pages.db.database);
    expect((await pages.post(`/t/${other.name}/p/main/sources/new`, form)).status).toBe(404);
  });
});

describe('a source', () => {
  test('is changed', async () => {
    const { path } = await add();
    const answer = await pages.post(`${path}/edit`, { name: 'Depot', eventType: 'code.{type}' });
    expect(answer.headers.get('location')).toBe(path);
    const { text } = await pages.get(path);
    expect(text).toContain('GitHub, Depot');
    expect(text).toContain('code.github.pull_request.opened');
    const refused = await pages.post(`${path}/edit`, { name: 'x'.repeat(201) });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="name-error"');
  });

  test('gets another secret, shown once, while the old one holds on', async () => {
    const { id, path } = await add();
    const answer = await pages.post(`${path}/secret`, { secret: '', overlapSeconds: '3600' });
    const [, made = ''] = /<code>([0-9a-f]{64})<\/code>/.exec(answer.text) ?? [];
    expect((await fromGithub(id, made)).status).toBe(202);
    expect((await fromGithub(id, secret)).status).toBe(202);
    await pages.post(`${path}/secret`, { secret: 'the last', overlapSeconds: '0' });
    expect((await fromGithub(id, made)).status).toBe(401);
    const long = await pages.post(`${path}/secret`, {
      secret: 'x'.repeat(1_025),
      overlapSeconds: '0',
    });
    expect(long.status).toBe(422);
    expect(long.text).toContain('id="secret-error"');
  });

  test('whose sender makes the secret is given none by us', async () => {
    const { path } = await add({ kind: 'stripe', secret: 'whsec_abc' });
    const answer = await pages.post(`${path}/secret`, { secret: '', overlapSeconds: '0' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('stripe makes it');
  });

  test('is deleted when its name was typed', async () => {
    const { id, path } = await add();
    const refused = await pages.post(`${path}/delete`, { confirm: 'shop' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('id="confirm-error"');
    const done = await pages.post(`${path}/delete`, { confirm: 'Shop' });
    expect(done.headers.get('location')).toBe(list);
    expect((await pages.get(path)).status).toBe(404);
    expect((await fromGithub(id, secret)).status).toBe(404);
  });

  test.each([
    ['edit', { name: 'Taken' }],
    ['secret', { secret: 'taken', overlapSeconds: '0' }],
    ['delete', { confirm: 'Shop' }],
  ])('is not for a viewer to %s, nor for another tenant', async (action, form) => {
    const { path } = await add();
    const elsewhere = await addElsewhere();
    expect((await pages.post(`${list}/${elsewhere}/${action}`, form)).status).toBe(404);
    await pages.signIn(tenant, 'viewer');
    expect((await pages.post(`${path}/${action}`, form)).status).toBe(403);
  });
});

/** The audit log as a page: filters, an entry opened with what changed, and the export. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
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
  list = `/t/${tenant.name}/settings/audit`;
  await pages.signIn(tenant);
});

type Entry = {
  action?: string;
  label?: string;
  hoursAgo?: number;
  before?: object;
  after?: object;
  targetId?: string;
};

/** As the worker would have written it: `ada <b>` did it, from 198.51.100.7. */
async function add(entry: Entry, of = tenant): Promise<string> {
  const { action = 'endpoint.updated', label = 'billing', hoursAgo = 0, targetId } = entry;
  const atMs = Date.now() - hoursAgo * 3_600_000;
  const id = Bun.randomUUIDv7('hex', atMs);
  const { sql } = pages.db.admin;
  const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
  await sql`
    insert into audit_log (tenant_id, id, at, actor_kind, actor_id, actor_label, action, target_id,
      target_label, project_id, before, after, request_id, remote_address)
    values (${of.tenantId}, ${id}, to_timestamp(${atMs / 1_000}), 'member', ${id}, 'ada <b>',
      ${action}, ${targetId ?? crypto.randomUUID()}, ${label}, ${of.projectId},
      ${json(entry.before)}::text::jsonb, ${json(entry.after)}::text::jsonb, 'request-1',
      '198.51.100.7')`;
  return id;
}

const labelsIn = (html: string) =>
  [...html.matchAll(/truncate" title="([^"]*)"/g)].map((m) => m[1]);

test('rows say who did what to which thing, when and from where', async () => {
  expect((await pages.get(list)).text).toContain('Nothing was changed yet');
  await add({ label: '<script>', action: 'endpoint.secret_rotated' });
  const { text, status } = await pages.get(list);
  expect(status).toBe(200);
  expect(text).toContain('ada &lt;b&gt;');
  expect(text).toContain('rotated the secret of');
  expect(text).toContain('&lt;script&gt;');
  expect(text).toContain('198.51.100.7');
  expect(text).toContain('1 shown, newest first.');
  expect(await findPageOffences(text)).toEqual([]);
});

test('an entry opens below itself with what changed, under its mask too', async () => {
  const id = await add({
    before: { timeoutMs: 10_000, headers: { authorization: '••••' } },
    after: { timeoutMs: 15_000, headers: { authorization: '••••' } },
  });
  expect((await pages.get(list)).text).not.toContain('class="diff');
  const { text } = await pages.get(`${list}?entry=${id}`);
  const shown = text.replaceAll('&quot;', '"');
  expect(shown).toContain('2 fields changed');
  expect(shown).toContain('<span class="del">− "timeoutMs": 10000</span>');
  expect(shown).toContain('<span class="ins">+ "timeoutMs": 15000</span>');
  expect(shown).toContain('<span class="del">−   "authorization": "••••"</span>');
  expect(shown).toContain('<span class="ins">+   "authorization": "••••"</span>');
  expect(text).toContain('data-copy="request-1"');
  expect(await findPageOffences(text)).toEqual([]);
  const [, closing = ''] = /href="([^"]*)" aria-label="Close the entry/.exec(text) ?? [];
  expect(closing).toBe(`${list}#entry-${id}`);
});

test('what was made shows all of it, and long fields are cut', async () => {
  const long = Object.fromEntries(Array.from({ length: 400 }, (_, place) => [`k${place}`, place]));
  const made = await add({ action: 'endpoint.created', after: { long } });
  const { text } = await pages.get(`${list}?entry=${made}`);
  expect(text).toContain('As it was made');
  expect(text).toContain('102 more lines are in the export.');
  const bare = await add({ action: 'endpoint.tested' });
  expect((await pages.get(`${list}?entry=${bare}`)).text).toContain('changed no setting');
});

test('each filter is in the address and can be dropped', async () => {
  const targetId = crypto.randomUUID();
  const id = await add({ label: 'old', hoursAgo: 48, targetId });
  await add({ label: 'key', action: 'api_key.created' });
  await add({ label: 'new' });
  const found = async (query: string) => labelsIn((await pages.get(`${list}?${query}`)).text);
  expect(await found('')).toEqual(['new', 'key', 'old']);
  expect(await found('action=endpoint.*')).toEqual(['new', 'old']);
  expect(await found('action=api_key.created')).toEqual(['key']);
  expect(await found('since=24h')).toEqual(['new', 'key']);
  expect(await found(`until=${new Date(Date.now() - 86_400_000).toISOString()}`)).toEqual(['old']);
  expect(await found(`targetId=${targetId}`)).toEqual(['old']);
  expect(await found(`actorId=${id}`)).toEqual(['old']);
  expect(await found('actorKind=system')).toEqual([]);
  expect(await found(`projectId=${tenant.projectId}&q=NEW`)).toEqual(['new']);
  const { text } = await pages.get(`${list}?action=endpoint.*&since=7d&q=`);
  expect(text).toContain(`href="${list}?since=7d" data-on`);
  const nothing = await pages.get(`${list}?q=nothing`);
  expect(nothing.text).toContain('No entry matches here');
  expect(nothing.text).toContain(`href="${list}">Clear the filters`);
});

test('a time that is none is told, and a filter that is none is refused', async () => {
  await add({});
  const { text, status } = await pages.get(`${list}?since=yesterday`);
  expect(status).toBe(200);
  expect(text).toContain('Since must be a time like');
  expect(labelsIn(text)).toEqual([]);
  expect((await pages.get(`${list}?action=drop`)).status).toBe(422);
});

test('pages go on where the last one ended', async () => {
  for (let hour = 0; hour < 51; hour += 1) await add({ label: `h${hour}`, hoursAgo: hour });
  const first = await pages.get(`${list}?action=endpoint.*`);
  expect(labelsIn(first.text)).toHaveLength(50);
  const older = /class="btn" href="([^"]*cursor=[^"]*)"/.exec(first.text)?.[1] ?? '';
  const second = await pages.get(older.replaceAll('&amp;', '&'));
  expect(labelsIn(second.text)).toEqual(['h50']);
  expect(second.text).toContain('Newest');
});

test('the export keeps the filters, and is given to who is signed in', async () => {
  await add({ label: 'old', hoursAgo: 48 });
  await add({ label: 'key', action: 'api_key.created' });
  await add({ label: 'new' });
  const { text } = await pages.get(`${list}?action=endpoint.*&since=24h`);
  const [csv = '', ndjson = ''] = [...text.matchAll(/href="([^"]*export[^"]*)"/g)].map((match) =>
    String(match[1]).replaceAll('&amp;', '&'),
  );
  const file = await pages.get(csv);
  expect(file.headers.get('content-disposition')).toContain('audit-log.csv');
  const lines = file.text.trim().split('\r\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('new');
  expect(JSON.parse((await pages.get(ndjson)).text.trim())).toMatchObject({
    target: { label: 'new' },
  });
  pages.signOut();
  expect((await pages.get(csv)).status).toBe(303);
});

test('who may not read it gets no page and no export, and another tenant’s is not there', async () => {
  const other = await createTenant(pages.db.database);
  const theirs = await add({ label: 'theirs' }, other);
  expect((await pages.get(`${list}?entry=${theirs}`)).text).not.toContain('theirs');
  expect((await pages.get(`/t/${other.name}/settings/audit`)).status).toBe(404);
  expect((await pages.get(`/t/${other.name}/settings/audit/export?format=csv`)).status).toBe(404);
  for (const role of ['member', 'viewer'] as const) {
    await pages.signIn(tenant, role);
    expect((await pages.get(list)).status).toBe(403);
    expect((await pages.get(`${list}/export?format=csv`)).status).toBe(403);
  }
});

/** What all pages share: who may see them, their headers, parts for htmx, forms, errors. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { findPageOffences } from '../../support/page-rules.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';

let pages: TestPages;
let tenant: TestTenant;
let home: string;

beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());
beforeEach(async () => {
  tenant = await createTenant(pages.db.database);
  home = `/t/${tenant.name}/p/main`;
  await pages.signIn(tenant);
});

const partial = { 'hx-request': 'true', 'hx-request-type': 'partial' };

describe('who may see a page', () => {
  test('nobody is sent to sign in, and back afterwards', async () => {
    pages.signOut();
    const answer = await pages.get(`${home}?range=7d`);
    expect(answer.status).toBe(303);
    const next = encodeURIComponent(`${home}?range=7d`);
    expect(answer.headers.get('location')).toBe(`/sign-in?next=${next}`);
  });

  test('htmx is told to leave the page when nobody is signed in', async () => {
    pages.signOut();
    const answer = await pages.get(home, { ...partial, 'hx-target': 'div#figures' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('hx-redirect')).toStartWith('/sign-in?next=');
  });

  test('another tenant, one that is none, and a project that is none look alike', async () => {
    const other = await createTenant(pages.db.database);
    const paths = [`/t/${other.name}/p/main`, '/t/nobody/p/main', `/t/${tenant.name}/p/nothing`];
    const answers = await Promise.all(paths.map((path) => pages.get(path)));
    const text = (index: number) =>
      answers[index]?.text
        .replaceAll(paths[index] ?? '', 'PATH')
        .replaceAll(answers[index]?.headers.get('x-request-id') ?? '', 'ID')
        .replace(/\d\d:\d\d:\d\d UTC/, 'TIME');
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(text(0)).toBe(text(1));
    expect(text(2)).toBe(text(1));
  });
});

describe('headers', () => {
  test('allow nothing inline, no frame, no cache, nothing from elsewhere', async () => {
    const { headers } = await pages.get(home);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  test.each(['', '?range=1h', '?range=7d', '?range=30d', '?range=nonsense'])(
    'the page %s keeps the rules of pages',
    async (query) => {
      const { text } = await pages.get(home + query);
      expect(await findPageOffences(text)).toEqual([]);
    },
  );
});

describe('what stands above a title', () => {
  const crumbsOf = async (path: string) => {
    const { text } = await pages.get(path);
    const [, row = ''] = /aria-label="Breadcrumb">(.*?)<\/nav>/s.exec(text) ?? [];
    return [...row.matchAll(/<a href="([^"]+)">([^<]+)</g)].map(([, href, name]) => [name, href]);
  };

  test('begins with the project, and with the tenant where a page is its', async () => {
    const [at] = await pages.db.admin.sql`
      select t.name as tenant, p.name as project from tenants t join projects p on p.tenant_id = t.id
      where t.id = ${tenant.tenantId}`;
    const project = [at?.['project'], home];
    expect(await crumbsOf(home)).toEqual([project]);
    const endpoints = ['Endpoints', `${home}/endpoints`];
    expect(await crumbsOf(`${home}/endpoints/new`)).toEqual([project, endpoints]);
    const above = `/t/${tenant.name}`;
    expect(await crumbsOf(`${above}/settings/team`)).toEqual([
      [at?.['tenant'], `${above}/projects`],
      ['Settings', `${above}/settings`],
    ]);
    expect(await crumbsOf('/account')).toEqual([]);
  });
});

test('the project that was open last keeps its menu, and says in the list that one is there', async () => {
  const list = `/t/${tenant.name}/projects`;
  const before = await pages.get(list);
  expect(before.text).not.toContain('you are here');
  expect(before.text).not.toContain(`href="${home}/events"`);
  const [opened = ''] = (await pages.get(home)).headers.getSetCookie();
  const [kept = ''] = opened.split(';');
  const { text } = await pages.get(list, { cookie: `${pages.cookie()}; ${kept}` });
  expect(text.match(/you are here/g)).toHaveLength(1);
  expect(text).toContain(`href="${home}/events"`);
  const other = await createTenant(pages.db.database);
  await pages.signIn(other);
  const theirs = { cookie: `${pages.cookie()}; ${kept}` };
  expect((await pages.get(`/t/${other.name}/projects`, theirs)).text).not.toContain('you are here');
});

test('what is not there leads back to the list that it is none of', async () => {
  const nothing = `${home}/endpoints/${Bun.randomUUIDv7()}`;
  const { status, text } = await pages.get(nothing);
  expect(status).toBe(404);
  expect(text).toContain(`href="${home}/endpoints"`);
  expect(text).toContain('All endpoints');
});

describe('a part of a page', () => {
  test('is all that htmx gets when it asks for it', async () => {
    const whole = await pages.get(home);
    const part = await pages.get(home, { ...partial, 'hx-target': 'div#waiting' });
    expect(whole.text).toStartWith('<!doctype html>');
    expect(part.text).toStartWith('<div id="waiting"');
    expect(whole.text).toContain(part.text);
  });

  test('is the body of the page when it has no name', async () => {
    const { text } = await pages.get(home, { ...partial, 'hx-target': 'main#main' });
    expect(text).toContain('Send your first webhook');
    expect(text).not.toContain('<html');
  });

  test('is the whole page for a visit that htmx makes', async () => {
    const visit = { 'hx-request': 'true', 'hx-request-type': 'full', 'hx-target': 'body' };
    expect((await pages.get(home, visit)).text).toStartWith('<!doctype html>');
  });

  test('stays as it is when it fails, and the error is said beside it', async () => {
    const headers = { ...partial, 'hx-target': 'div#figures' };
    const answer = await pages.get(`/t/${tenant.name}/p/nothing`, headers);
    expect(answer.status).toBe(404);
    expect(answer.text).toBe('');
    expect(answer.headers.get('hx-reswap')).toBe('none');
    expect(JSON.parse(answer.headers.get('hx-trigger') ?? '')).toMatchObject({
      toast: { tone: 'bad', title: 'There is nothing here' },
    });
  });
});

describe('a form', () => {
  const newProject = () => `/t/${tenant.name}/projects/new`;

  test('leads to what it made, which is said there once', async () => {
    const answer = await pages.post(newProject(), { name: 'Billing' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`/t/${tenant.name}/p/billing`);
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const first = await pages.get(`/t/${tenant.name}/p/billing`, { cookie });
    expect(first.text).toContain('Project created');
    expect(first.headers.get('set-cookie')).toMatch(/opsforge_flash=;/);
    expect((await pages.get(`/t/${tenant.name}/p/billing`)).text).not.toContain('Project created');
  });

  test('comes back with what was typed and the error at its field', async () => {
    const answer = await pages.post(newProject(), { name: '' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Nothing was saved: 1 field needs a change');
    expect(answer.text).toContain('aria-invalid="true"');
    expect(answer.text).toContain('aria-describedby="name-error name-help"');
    expect(await findPageOffences(answer.text)).toEqual([]);
  });

  test('keeps markup that was typed as text', async () => {
    const name = `"><script>alert(1)</script>${'x'.repeat(200)}`;
    const { text, status } = await pages.post(newProject(), { name });
    expect(status).toBe(422);
    expect(text).toContain('value="&#34;>');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('is refused from another site, before anybody is asked for', async () => {
    const answer = await pages.post(
      newProject(),
      { name: 'A' },
      { 'sec-fetch-site': 'cross-site' },
    );
    expect(answer.status).toBe(403);
  });

  test('is refused to a viewer', async () => {
    await pages.signIn(tenant, 'viewer');
    const answer = await pages.post(newProject(), { name: 'A' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('lacks the permission projects:write');
  });

  test('is refused in a tenant that one is not in', async () => {
    const other = await createTenant(pages.db.database);
    const answer = await pages.post(`/t/${other.name}/projects/new`, { name: 'A' });
    expect(answer.status).toBe(404);
  });

  test('is refused when it is too large or no form', async () => {
    const large = await pages.post(newProject(), { name: 'x'.repeat(300_000) });
    expect(large.status).toBe(413);
    const json = await pages.post(newProject(), { name: 'A' }, { 'content-type': 'text/plain' });
    expect(json.status).toBe(415);
  });
});

describe('an error', () => {
  test('is a page for people and a problem for programs', async () => {
    const page = await pages.get('/no/such/page');
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toStartWith('text/html');
    expect(page.text).toContain(page.headers.get('x-request-id') ?? 'no id');
    expect(await findPageOffences(page.text)).toEqual([]);
    const problem = await pages.send('GET', '/no/such/page');
    expect(problem.headers.get('content-type')).toBe('application/problem+json');
    const api = await pages.get('/api/v1/nothing');
    expect(api.headers.get('content-type')).toBe('application/problem+json');
  });

  test('shows what was asked for as text', async () => {
    const { text } = await pages.get('/<img src=x onerror=alert(1)>');
    expect(text).not.toContain('<img');
    expect(await findPageOffences(text)).toEqual([]);
  });

  test('that nobody foresaw says whose fault it is, and no more', async () => {
    const { clock } = pages.deps;
    const { databaseNow } = clock;
    clock.databaseNow = () => {
      throw new Error('secret detail');
    };
    const answer = await pages.get(home);
    clock.databaseNow = databaseNow;
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('This page failed on the server');
    expect(answer.text).not.toContain('secret detail');
    expect(pages.logged.at(-1)?.['message']).toBe('request failed');
  });
});

describe('the theme', () => {
  test('is drawn by the server from the cookie, and asked of the system without one', async () => {
    const dark = await pages.get(home, { cookie: 'opsforge_theme=dark' });
    const light = await pages.get(home, { cookie: 'opsforge_theme=light' });
    const unset = await pages.get(home);
    expect(dark.text).toContain('<html lang="en" class="dark">');
    expect(light.text).toContain('<html lang="en">');
    expect(light.text).not.toContain('theme.js');
    expect(unset.text).toContain('theme.js');
  });

  test('is switched by a form, which leads back to a page of ours', async () => {
    const cookie = 'opsforge_theme=light';
    const answer = await pages.post('/theme', { next: home }, { cookie });
    expect(answer.headers.get('location')).toBe(home);
    expect(answer.headers.get('set-cookie')).toContain('opsforge_theme=dark');
    for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', '']) {
      const elsewhere = await pages.post('/theme', { next });
      expect(elsewhere.headers.get('location')).toBe('/');
    }
  });
});

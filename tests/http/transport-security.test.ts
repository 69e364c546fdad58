/** Strict-Transport-Security: on all that goes out over https, on nothing else; and who says so. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { listen } from '../../src/app/http-listener.ts';
import { ingestRoutes } from '../../src/controllers/api/webhooks.ts';
import { noteClient } from '../../src/controllers/remote-address.ts';
import { parseCidr } from '../../src/domain/addresses.ts';
import { createLog } from '../../src/lib/log.ts';
import { startPages, type TestPages } from '../support/signed-in.ts';
import { createTenant, type TestTenant } from '../support/tenants.ts';

const hsts = 'strict-transport-security';
const here = [parseCidr('127.0.0.0/8')].filter((cidr) => cidr !== null);
const anybody = [
  ...['/healthz', '/swagger', '/swagger/json', '/sign-in', '/', '/nowhere', '/portal/ofp_x'],
  ...['/api/v1/projects', '/api/v1/nowhere', '/assets/0000000000000000/app.css'],
];

let plain: TestPages;
let proxied: TestPages;
let tenant: TestTenant;
beforeAll(async () => {
  plain = await startPages({ atItsUrl: true });
  proxied = await startPages({ atItsUrl: true, trustedProxies: here });
  tenant = await createTenant(proxied.db.database);
});
afterAll(() => Promise.all([plain.stop(), proxied.stop()]));

const saidBy = (pages: TestPages, path: string, said: string | null) =>
  pages.get(path, said === null ? {} : { 'x-forwarded-proto': said });

describe.each(anybody)('%s', (path) => {
  test('over http says nothing, whatever a stranger claims', async () => {
    for (const said of [null, 'http', 'https']) {
      const answer = await saidBy(plain, path, said);
      expect([said, answer.headers.get(hsts)]).toEqual([said, null]);
    }
  });

  test('behind a trusted proxy says it where the proxy speaks https', async () => {
    for (const [said, value] of [
      ['https', 'max-age=31536000'],
      ['http', null],
      [null, null],
    ] as const) {
      const answer = await saidBy(proxied, path, said);
      expect([said, answer.headers.get(hsts)]).toEqual([said, value]);
    }
  });
});

describe('the plain routes of ingest', () => {
  /** As src/app/http.ts has them. */
  async function ask(publicUrl: string, isTrusted: boolean, said: string | null) {
    const listener = listen({
      ...{ host: '127.0.0.1', port: 0, fetch: () => new Response() },
      arrived: isTrusted ? (request, peer) => noteClient(request, peer, here) : null,
      routes: ingestRoutes({
        acceptWebhook: async () => Response.json({}, { status: 202 }),
        acceptWebhookBatch: () => Promise.reject(new Error('fails')),
        ...{ httpRequest: () => {}, log: createLog('silent'), publicUrl: () => publicUrl },
      }),
    });
    const headers = said === null ? {} : { 'x-forwarded-proto': said };
    const found = new Set<string | null>();
    for (const below of ['', '/batch']) {
      const url = `http://127.0.0.1:${listener.port}/api/v1/webhooks${below}`;
      const answer = await fetch(url, { method: 'POST', headers });
      await answer.text();
      found.add(answer.headers.get(hsts));
    }
    await listener.stop(1_000);
    return [...found];
  }

  test.each([
    ['https://opsforge.test', false, null, 'max-age=31536000'],
    ['https://opsforge.test', false, 'http', 'max-age=31536000'],
    ['https://opsforge.test', true, 'http', null],
    ['http://opsforge.test', false, null, null],
    ['http://opsforge.test', false, 'https', null],
    ['http://opsforge.test', true, 'https', 'max-age=31536000'],
  ])('at %s, proxy trusted: %s, which says %j: %j', async (publicUrl, isTrusted, said, value) => {
    expect(await ask(publicUrl, isTrusted, said)).toEqual([value]);
  });
});

test('a form of the same host is another site’s where the proxy’s protocol differs', async () => {
  await proxied.signIn(tenant);
  const send = async (origin: string, said: string) =>
    (
      await proxied.post(
        '/theme',
        { theme: 'dark', next: '/' },
        {
          ...{ 'sec-fetch-site': '', origin, 'x-forwarded-proto': said },
        },
      )
    ).status;
  const { host } = proxied.url;
  expect(await send(`https://${host}`, 'https')).toBe(303);
  expect(await send(`http://${host}`, 'https')).toBe(403);
  expect(await send(`http://${host}`, 'http')).toBe(303);
  expect(await send(`https://${host}`, 'http')).toBe(403);
});

/** Pages are gzipped for who takes that, with all the headers that they have otherwise. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant } from '../../support/tenants.ts';

let pages: TestPages;
let path: string;
beforeAll(async () => {
  pages = await startPages({ atItsUrl: true });
  const tenant = await createTenant(pages.db.database);
  await pages.signIn(tenant);
  path = `/t/${tenant.name}/projects`;
});
afterAll(() => pages.stop());

async function ask(encoding: string, at = path): Promise<Response> {
  const headers = { cookie: pages.cookie(), accept: 'text/html', 'accept-encoding': encoding };
  return await fetch(new URL(at, pages.url), { headers, decompress: false });
}

test('a page is the same gzipped and plain, and a fifth as long', async () => {
  const [packed, plain] = [await ask('gzip, br'), await ask('identity')];
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(plain.headers.get('content-encoding')).toBeNull();
  const bytes = await packed.arrayBuffer();
  const text = await plain.text();
  expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(text);
  expect(bytes.byteLength).toBeLessThan(text.length / 3);
  for (const name of ['content-security-policy', 'cache-control', 'content-type']) {
    expect(packed.headers.get(name)).toBe(plain.headers.get(name));
  }
  for (const name of ['x-request-id', 'x-content-type-options']) {
    expect(packed.headers.has(name)).toBe(plain.headers.has(name));
  }
  expect(packed.headers.has('x-request-id')).toBe(true);
  expect(packed.headers.get('vary')).toContain('accept-encoding');
});

test('what is no page is left as it is', async () => {
  expect((await ask('gzip', '/healthz')).headers.get('content-encoding')).toBeNull();
});

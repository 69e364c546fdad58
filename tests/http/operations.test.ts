/** What those who run opsforge ask: health, readiness, metrics, and the description of the API. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openapiDocument } from '../../src/controllers/server.ts';
import { startApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ metricsToken: 'let me in' });
});
afterAll(() => api.stop());

test('health is answered while the process lives', async () => {
  expect((await api.send('GET', '/healthz')).body).toEqual({ status: 'ok' });
  expect((await api.send('HEAD', '/healthz')).status).toBe(200);
});

test('readiness names the reasons against it', async () => {
  const ready = await api.send('GET', '/readyz');
  expect([ready.status, ready.body]).toEqual([200, { status: 'ready' }]);
  api.readiness.reasons = ['the database does not answer'];
  const waiting = await api.send('GET', '/readyz');
  api.readiness.reasons = [];
  expect(waiting.status).toBe(503);
  expect(waiting.body).toEqual({
    status: 'unavailable',
    reasons: ['the database does not answer'],
  });
});

describe('metrics', () => {
  test.each([undefined, 'Bearer', 'Bearer let me', 'Basic let me in'])(
    'are not shown to %j',
    async (authorization) => {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await api.send('GET', '/metrics', { headers });
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain('metric 1');
    },
  );

  test('are shown to who brings the token', async () => {
    const locked = await startApi({ metricsToken: 'a-token' });
    const headers = { authorization: 'Bearer a-token' };
    const answer = await locked.send('GET', '/metrics', { headers });
    await locked.stop();
    expect(answer.text).toBe('metric 1\n');
    expect(answer.headers.get('content-type')).toStartWith('text/plain; version=0.0.4');
  });

  test('are open where no token is set', async () => {
    const open = await startApi();
    const answer = await open.send('GET', '/metrics');
    await open.stop();
    expect(answer.status).toBe(200);
  });
});

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(openapiDocument()));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(openapiDocument()['openapi']).toStartWith('3.1');
  });

  test('is what the command line prints', async () => {
    const served = await api.send('GET', '/swagger/json');
    expect(served.body).toEqual(JSON.parse(JSON.stringify(openapiDocument())));
  });

  test('gives every operation a name of its own, a summary, a tag and its errors', () => {
    const operations = Object.values(Object(openapiDocument()['paths'])).flatMap((path) =>
      Object.values(Object(path)).map((operation) => Object(operation)),
    );
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const operation of operations) {
      expect(operation.summary).toBeString();
      expect(operation.tags).toHaveLength(1);
      const isPublic = operation.security?.length === 0;
      expect(isPublic || '401' in operation.responses).toBe(true);
      expect(Object.keys(operation.responses)).toContain('503');
    }
  });

  test('describes each body once, as JSON, and a batch as NDJSON too', () => {
    const types = JSON.stringify(openapiDocument()).match(/"(?:application|multipart)\/[^"]+"/g);
    expect([...new Set(types)].toSorted()).toEqual([
      '"application/json"',
      '"application/problem+json"',
      '"application/x-ndjson"',
    ]);
  });
});

describe('the page of the document', () => {
  test('takes everything from here, without inline script or style', async () => {
    const page = await api.send('GET', '/swagger');
    expect(page.headers.get('content-type')).toStartWith('text/html');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page.text).not.toMatch(/<style|style=|<script>|https?:/);
    const urls = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    expect(urls).toHaveLength(4);
    for (const url of urls) {
      expect(url).toMatch(/^\/assets\/[0-9a-f]{16}\/[\w.-]+$/);
      const asset = await api.send('GET', url);
      expect(asset.status).toBe(200);
      expect(asset.headers.get('cache-control')).toContain('immutable');
      expect(asset.text.length).toBeGreaterThan(20);
    }
    expect(page.text).toContain('swagger-ui');
  });

  test('has assets that are sent packed, and only under their own hash', async () => {
    const page = await api.send('GET', '/swagger');
    const [, url = ''] = /src="([^"]+swagger-ui\.js)"/.exec(page.text) ?? [];
    const packed = await api.send('GET', url, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const plain = await api.send('GET', url, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.text).toBe(packed.text);
    const otherHash = url.replace(/[0-9a-f]{16}/, '0'.repeat(16));
    expect((await api.send('GET', otherHash)).status).toBe(404);
    expect((await api.send('GET', '/assets/0/package.json')).status).toBe(404);
  });
});

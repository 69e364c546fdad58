/**
 * Whatever is sent, no operation of the document answers with a 5xx or with anything else than the
 * document says (tests/support/api.ts holds each answer against it, and what was accepted too).
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openapiDocument } from '../../src/controllers/server.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndedRow, createEventRow, createPendingRow } from '../support/deliveries.ts';
import { createFuzzer } from '../support/fuzz.ts';
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts';
import { createEndpointRow, createKey, type TestTenant } from '../support/tenants.ts';

const roundsEach = 40;
const seed = 20261123;
/** Above 16 KiB Bun itself answers 431, before the request is ours. */
const queryLengthMax = 8_000;
/** A 202 although events in it are refused, each with its own result. */
const takesBadParts = ['postEventBatch'];

/** Its answers have no end; tests/http/event-stream.test.ts spoils what it takes. */
const endless = ['streamEvents'];

type Parameter = { name: string; in: string; schema: Record<string, unknown> };
type Operation = {
  name: string;
  method: string;
  path: string;
  parameters: Parameter[];
  body: { schema: Record<string, unknown>; example: unknown } | null;
};

const document = openapiDocument();

const operations: Operation[] = Object.entries(Object(document['paths'])).flatMap(
  ([path, methods]) =>
    Object.entries(Object(methods)).map(([method, value]) => {
      const { operationId, parameters = [], requestBody } = Object(value);
      return {
        name: String(operationId),
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content['application/json'] ?? null,
      };
    }),
);

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** Ids of everything there is; which of them fits a path is for chance. */
async function makeIds(tenant: TestTenant): Promise<string[]> {
  const { database } = api.db;
  const endpointId = await createEndpointRow(database, tenant, 'https://example.com/');
  const eventId = await createEventRow(database, tenant);
  const [pending, ended, key] = await Promise.all([
    createPendingRow(database, tenant, eventId, endpointId),
    createEndedRow(database, tenant, eventId, endpointId),
    createKey(database, tenant),
  ]);
  return [endpointId, eventId, pending, ended, key.id, tenant.projectId];
}

function queryOf(parameters: readonly Parameter[], random: SeededRandom): string {
  const { make } = createFuzzer(document, random);
  const query = new URLSearchParams();
  for (const { name, in: place, schema } of parameters) {
    if (place !== 'query' || random.next() < 0.4) continue;
    const value = make(schema);
    query.append(name, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  }
  const text = `?${query}`;
  return text.length > queryLengthMax ? '' : text;
}

describe('whatever is sent, the answer is one of the document and no 5xx, to', () => {
  test.each(
    operations
      .filter(({ name }) => !endless.includes(name))
      .map((operation) => [operation.name, operation] as const),
  )('%s', async (name, { method, path, parameters, body }) => {
    const random = seededRandom(seed + Bun.hash.crc32(`${method} ${path}`));
    const { make, spoil, oddText } = createFuzzer(document, random);
    const tenant = await api.newTenant();
    const key = await api.keyOf(tenant, ['admin'], { tenantWide: random.next() < 0.5 });
    const ids = await makeIds(tenant);
    for (let round = 0; round < roundsEach; round += 1) {
      const id =
        random.next() < 0.1 ? encodeURIComponent(oddText().toWellFormed()) : random.pick(ids);
      const target = path.replace(/\{[^}]+\}/g, id) + queryOf(parameters, random);
      const made = body && (random.next() < 0.5 ? spoil(body.example) : make(body.schema));
      const bodyText = JSON.stringify(made);
      const sent = takesBadParts.includes(name)
        ? { rawBody: bodyText, headers: { 'content-type': 'application/json' } }
        : { body: made };
      const answer = await api.send(method, target, { key, ...(body === null ? {} : sent) });
      if (answer.status < 500) continue;
      const logged = JSON.stringify(api.logged.at(-1));
      expect.unreachable(`${method} ${target} ${bodyText} → ${answer.text}; ${logged}`);
    }
  });

  test('a body that is no JSON', async () => {
    const { key } = await api.newTenant();
    const bodies = ['', '{', '[1,', '"\ud800"', '\u0000', '{"a":1}{"b":2}', '['.repeat(100_000)];
    for (const { method, path, body } of operations) {
      if (body === null) continue;
      const target = path.replace(/\{[^}]+\}/g, crypto.randomUUID());
      for (const rawBody of bodies) {
        const headers = { 'content-type': 'application/json' };
        const { status } = await api.send(method, target, { key, rawBody, headers });
        expect(status).toBeLessThan(500);
      }
    }
  });
});

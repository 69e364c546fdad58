/** Sources: how their owner sets them up, and what their senders' webhooks become. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { payloadBytesMax } from '../../src/domain/event-envelope.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createEndpointRow, testSecretBox } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const sources = '/api/v1/sources';
const secret = "It's a Secret to Everybody";

async function newSource(body: object = {}) {
  const tenant = await api.newTenant();
  const { key } = tenant;
  const given = { name: 'Our repositories', kind: 'github', secret, ...body };
  const made = await api.send('POST', sources, { key, body: given });
  expect(made.status).toBe(201);
  return { tenant, key, made, id: made.string('id'), path: `${sources}/${made.string('id')}` };
}

const hex = (text: string, by = secret) => createHmac('sha256', by).update(text).digest('hex');

function fromGithub(body: string, more: Record<string, string> = {}, by = secret) {
  return {
    rawBody: body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${hex(body, by)}`,
      ...more,
    },
  };
}

async function eventOf(id: string) {
  const [row] = await api.db.admin.sql`
    select type, payload, metadata, api_key_id, project_id from webhook_events where id = ${id}`;
  return row;
}

describe('a source', () => {
  test('is made with its address and its secret, which is shown this once', async () => {
    const { tenant, key, made, path, id } = await newSource();
    const { secret: shown, ...source } = Object(made.body);
    expect(shown).toBe(secret);
    expect(source).toMatchObject({
      ...{ projectId: tenant.projectId, name: 'Our repositories', kind: 'github' },
      ...{ settings: {}, eventType: null, url: `https://opsforge.test${path}` },
    });
    const read = await api.send('GET', path, { key });
    expect(read.body).toEqual(source);
    expect((await api.send('GET', sources, { key })).ids()).toEqual([id]);
    const [row] = await api.db.admin.sql`
      select secrets_encrypted as sealed, row_to_json(s)::text as text from sources s
      where id = ${id}`;
    expect(row?.['text']).not.toContain(secret);
    expect(testSecretBox.open(row?.['sealed'])).toContain(secret);
  });

  test('gets a secret of ours where the sender takes one', async () => {
    const { key } = await api.newTenant();
    const make = (kind: string) => api.send('POST', sources, { key, body: { name: 'a', kind } });
    for (const kind of ['alertmanager', 'github', 'gitlab', 'hmac']) {
      expect((await make(kind)).string('secret')).toMatch(/^[0-9a-f]{64}$/);
    }
    expect((await make('standard')).string('secret')).toMatch(/^whsec_/);
    for (const kind of ['stripe', 'slack', 'shopify', 'twilio']) {
      const answer = await make(kind);
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ errors: [{ path: 'secret' }] });
    }
  });

  test.each([
    ['name', { name: '' }],
    ['kind', { kind: 'bitbucket' }],
    ['secret', { secret: '' }],
    ['secret', { kind: 'standard', secret: 'short' }],
    ['eventType', { eventType: 'a..b' }],
    ['eventType', { eventType: 'a.{type}.{type}' }],
    ['eventType', { eventType: 'a{type}' }],
    ['settings.prefix', { settings: { prefix: 'a' } }],
    ['settings.algorithm', { kind: 'hmac', settings: { algorithm: 'md5' } }],
    ['settings.signatureHeader', { kind: 'hmac', settings: { signatureHeader: 'a b' } }],
    ['settings', { kind: 'hmac', settings: { unknown: 1 } }],
  ])('is refused with a wrong %s: %j', async (path, body) => {
    const { key } = await api.newTenant();
    const given = { name: 'a', kind: 'github', ...body };
    const answer = await api.send('POST', sources, { key, body: given });
    expect(answer.status).toBe(422);
    expect(String(Object(answer.body).errors[0].path)).toStartWith(path);
  });

  test('is changed but for its kind, and is not seen by another project', async () => {
    const { key, path, tenant } = await newSource({ kind: 'hmac' });
    const changes = {
      ...{ name: 'Renamed', eventType: 'code.{type}' },
      settings: { signatureHeader: 'X-Mac', prefix: 'v1=' },
    };
    const changed = await api.send('PATCH', path, { key, body: changes });
    const settings = { signatureHeader: 'x-mac', prefix: 'v1=' };
    expect(changed.body).toMatchObject({ ...changes, settings });
    expect((await api.send('PATCH', path, { key, body: { kind: 'github' } })).status).toBe(422);
    const admin = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const body = { name: 'other' };
    const project = await api.send('POST', '/api/v1/projects', { key: admin, body });
    const asking = `${sources}?projectId=${project.string('id')}`;
    expect((await api.send('GET', asking, { key: admin })).ids()).toEqual([]);
    expect((await api.send('GET', asking, { key })).status).toBe(404);
  });
});

describe('a webhook', () => {
  test('becomes an event with its bytes, and a delivery, without an API key', async () => {
    const { tenant, path, id } = await newSource();
    await createEndpointRow(api.db.database, tenant, 'https://example.com/');
    const body = '{"b": 1.0,\n "action":"\\u006fpened"}';
    const more = { 'x-github-event': 'issues', 'x-github-delivery': 'd-1' };
    const answer = await api.send('POST', path, fromGithub(body, more));
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      ...{ type: 'github.issues.opened', projectId: tenant.projectId },
      ...{ deliveries: 1, duplicate: false },
    });
    expect(await eventOf(answer.string('id'))).toEqual({
      ...{ type: 'github.issues.opened', payload: body, api_key_id: null },
      metadata: { 'source-id': id, 'source-kind': 'github', ...more },
      project_id: tenant.projectId,
    });
  });

  test('that is sent again is no second event, though it differs in what does not matter', async () => {
    const { path } = await newSource({ kind: 'stripe' });
    const send = (body: string) => {
      const seconds = Math.floor(Date.now() / 1_000);
      const signature = `t=${seconds},v1=${hex(`${seconds}.${body}`)}`;
      return api.send('POST', path, { rawBody: body, headers: { 'stripe-signature': signature } });
    };
    const first = await send('{"id":"evt_1","type":"invoice.paid","pending_webhooks":2}');
    const again = await send('{"id":"evt_1","type":"invoice.paid","pending_webhooks":1}');
    expect(first.body).toMatchObject({ type: 'stripe.invoice.paid', duplicate: false });
    expect(again.status).toBe(202);
    expect(again.body).toEqual({ ...Object(first.body), duplicate: true });
    const other = await send('{"id":"evt_2","type":"invoice.paid","pending_webhooks":1}');
    expect(other.body).toMatchObject({ duplicate: false });
  });

  test('of one source is no repeat of one of another', async () => {
    const { key, path } = await newSource();
    const body = { name: 'second', kind: 'github', secret };
    const second = await api.send('POST', sources, { key, body });
    const message = fromGithub('{}', { 'x-github-delivery': 'same' });
    const [one, two] = await Promise.all([
      api.send('POST', path, message),
      api.send('POST', `${sources}/${second.string('id')}`, message),
    ]);
    expect([Object(one.body).duplicate, Object(two.body).duplicate]).toEqual([false, false]);
  });

  test('is refused with 401 by a wrong signature, and leaves nothing behind', async () => {
    const { path, tenant } = await newSource();
    for (const message of [
      fromGithub('{}', {}, 'another secret'),
      fromGithub('{}', { 'x-hub-signature-256': '' }),
      { rawBody: '{}' },
      { ...fromGithub('{"a":1}'), rawBody: '{"a":2}' },
    ]) {
      const answer = await api.send('POST', path, message);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(tenant.name);
    }
    const [row] = await api.db.admin.sql`
      select count(*)::int as count from webhook_events where tenant_id = ${tenant.tenantId}`;
    expect(row?.['count']).toBe(0);
  });

  test('to a source that is not there or was deleted is 404, however it is signed', async () => {
    const { key, path } = await newSource();
    expect((await api.send('POST', path, fromGithub('{}'))).status).toBe(202);
    expect((await api.send('DELETE', path, { key })).status).toBe(204);
    expect((await api.send('POST', path, fromGithub('{}'))).status).toBe(404);
    for (const id of ['no-uuid', Bun.randomUUIDv7()]) {
      expect((await api.send('POST', `${sources}/${id}`, fromGithub('{}'))).status).toBe(404);
    }
  });

  test('may be signed with the secret before the last for as long as was said', async () => {
    const { key, path } = await newSource();
    const send = (by: string) => api.send('POST', path, fromGithub('{}', {}, by));
    const change = (body: object) => api.send('PATCH', path, { key, body });
    expect((await change({ secret: 'second', overlapSeconds: 60 })).status).toBe(200);
    expect([(await send(secret)).status, (await send('second')).status]).toEqual([202, 202]);
    expect((await change({ secret: 'third', overlapSeconds: 0 })).status).toBe(200);
    expect((await send(secret)).status).toBe(401);
    expect((await send('second')).status).toBe(401);
    expect((await send('third')).status).toBe(202);
  });

  test('larger than a payload may be is 413', async () => {
    const { path } = await newSource();
    const body = JSON.stringify('a'.repeat(payloadBytesMax));
    expect((await api.send('POST', path, fromGithub(body))).status).toBe(413);
    const fits = JSON.stringify('a'.repeat(payloadBytesMax - 2));
    expect((await api.send('POST', path, fromGithub(fits))).status).toBe(202);
  });

  test('as a form post keeps its text and its fields', async () => {
    const { path } = await newSource({ kind: 'twilio' });
    const url = `https://opsforge.test${path}?a=1`;
    const body = 'MessageStatus=delivered&Body=%C3%A9';
    const signed = `${url}BodyéMessageStatusdelivered`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', secret).update(signed).digest('base64'),
    };
    const answer = await api.send('POST', `${path}?a=1`, { rawBody: body, headers });
    expect(answer.body).toMatchObject({ type: 'twilio.message.delivered' });
    const event = await eventOf(answer.string('id'));
    expect(JSON.parse(event?.['payload'])).toEqual({
      ...{ body, form: { MessageStatus: 'delivered', Body: 'é' } },
    });
  });

  test('that went round too often is refused, so that opsforges never post in a circle', async () => {
    const { path } = await newSource();
    const send = (hops: string) =>
      api.send('POST', path, fromGithub('{}', { 'opsforge-hops': hops }));
    expect((await send('3')).status).toBe(202);
    expect((await send('4')).status).toBe(422);
    expect((await send('x')).status).toBe(422);
  });

  test('has the type that the template makes', async () => {
    const { path } = await newSource({ eventType: 'code.{type}' });
    const answer = await api.send('POST', path, fromGithub('{}'));
    expect(answer.body).toMatchObject({ type: 'code.github.push' });
  });

  test('to a project that was deleted meanwhile is refused', async () => {
    const { path, tenant } = await newSource();
    await api.db.admin.sql`
      update projects set deleted_at = now() where id = ${tenant.projectId}`;
    api.deps.announceChange({ kind: 'projects', tenantId: tenant.tenantId });
    expect((await api.send('POST', path, fromGithub('{}'))).status).toBe(404);
  });
});

describe('a challenge', () => {
  test('of Slack is answered when it is signed, and is no event', async () => {
    const { path, tenant } = await newSource({ kind: 'slack' });
    const body = '{"token":"t","challenge":"3eZbrw1aB","type":"url_verification"}';
    const seconds = Math.floor(Date.now() / 1_000);
    const send = (by: string) =>
      api.send('POST', path, {
        rawBody: body,
        headers: {
          'x-slack-request-timestamp': String(seconds),
          'x-slack-signature': `v0=${hex(`v0:${seconds}:${body}`, by)}`,
        },
      });
    const answer = await send(secret);
    expect([answer.status, answer.text]).toEqual([200, '3eZbrw1aB']);
    expect((await send('other')).status).toBe(401);
    const [row] = await api.db.admin.sql`
      select count(*)::int as count from webhook_events where tenant_id = ${tenant.tenantId}`;
    expect(row?.['count']).toBe(0);
  });

  test('of X is answered by GET without a key, where the source is set to', async () => {
    const settings = { crc: true };
    const { path } = await newSource({ kind: 'hmac', settings });
    const answer = await api.send('GET', `${path}?crc_token=abc`);
    const expected = createHmac('sha256', secret).update('abc').digest('base64');
    expect(answer.body).toEqual({ response_token: `sha256=${expected}` });
    const other = await newSource({ kind: 'hmac' });
    expect((await api.send('GET', `${other.path}?crc_token=abc`)).status).toBe(404);
    expect((await api.send('GET', path)).status).toBe(401);
  });
});

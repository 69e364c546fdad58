/**
 * The log of the real binary at its loudest holds nothing that was entrusted to it: every secret of
 * a day's work is sent through it, well and badly, by addresses too, and with a database that
 * fails under it; then each is looked for in what was logged, PostgreSQL's own log included.
 */
import { afterAll, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'otplib';
import { cleanUp, run, type Service, startService } from '../support/binary.ts';
import { forGoodTest } from '../support/certificates.ts';
import { startReceiver } from '../support/receiver.ts';
import { askDatabase, type Client, clientOf } from '../support/service-client.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

afterAll(cleanUp);

/** What must not be found, by what it is. */
const secrets = new Map<string, string>();
function secret(name: string, value = `leak-${crypto.randomUUID()}`): string {
  secrets.set(name, value);
  return value;
}

const email = 'ada@opsforge.test';
const invited = 'grace@opsforge.test';

async function launch(smtpUrl: string): Promise<Service> {
  const mailer = new URL(smtpUrl);
  mailer.username = 'mailer';
  mailer.password = secret('the password of the mail server');
  return startService({
    env: {
      LOG_LEVEL: 'trace',
      SMTP_URL: mailer.href,
      MAIL_FROM: 'opsforge@opsforge.test',
      METRICS_TOKEN: secret('the token of the metrics'),
      OPSFORGE_SIGNUP: 'open',
    },
  });
}

async function owned(service: Service): Promise<Client> {
  const password = secret('the password of the owner');
  const env = { OPSFORGE_DATA_DIR: service.dataDir };
  const args = ['bootstrap', '--tenant', 'acme', '--project', 'main', '--email', email];
  const made = await run([...args, '--password-stdin'], { env, stdin: `${password}\n` });
  const { apiKey, projectId } = JSON.parse(made.stdout);
  return clientOf(service.url, secret('the API key', apiKey), projectId);
}

/** As a browser: what comes back, its cookies kept as secrets. */
async function submit(
  service: Service,
  path: string,
  fields: Record<string, string>,
  cookie = '',
): Promise<{ cookie: string; text: string }> {
  const response = await fetch(new URL(path, service.url), {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin', cookie },
    body: new URLSearchParams(fields),
  });
  const cookies = response.headers.getSetCookie().map((each) => each.split(';')[0] ?? '');
  for (const each of cookies) {
    const [name = '', value = ''] = each.split('=');
    if (value !== '' && name.startsWith('opsforge_')) secret(`${name} of ${path}`, value);
  }
  return { cookie: cookies.join('; '), text: await response.text() };
}

/** Its token, after the address was opened as from a mail. */
async function open(service: Service, link: string): Promise<string> {
  const { pathname, search, searchParams } = new URL(link);
  const token = searchParams.get('token') ?? pathname.split('/').at(-1) ?? '';
  secret(`the token of ${pathname.slice(0, 20)}`, token);
  await fetch(new URL(pathname + search, service.url), { headers: { accept: 'text/html' } });
  return token;
}

/** The second factor: set up, asked for at sign-in, and answered badly each time before. */
async function proveTwice(service: Service, cookie: string, password: string): Promise<void> {
  const path = '/t/acme/settings/security/second-factor';
  const begun = await submit(service, path, { currentPassword: password }, cookie);
  const [, shown = ''] = /data-copy="([A-Z2-7 ]{20,})"/.exec(begun.text) ?? [];
  const [, proof = ''] = /name="proof" value="([^"]+)"/.exec(begun.text) ?? [];
  const key = secret('the key of the second factor', shown.replaceAll(' ', ''));
  secret('the key of the second factor as it is shown', shown);
  secret('the proof of a password', proof);
  await submit(service, `${path}/confirm`, { proof, code: secret('a wrong code') }, cookie);
  const code = await generate({ secret: key });
  const made = await submit(service, `${path}/confirm`, { proof, code }, cookie);
  const codes = made.text.match(/(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}(?=<)/g) ?? [];
  expect(codes).toHaveLength(10);
  for (const each of codes) {
    secret(`the recovery code ${secrets.size}`, each);
    secret(`the recovery code ${secrets.size}`, each.replaceAll('-', ''));
  }
  const step = await submit(service, '/sign-in', { email, password });
  for (const typed of [secret('a wrong recovery code'), codes[0] ?? '']) {
    const sent = { code: typed, recovery: 'on' };
    const answer = await submit(service, '/sign-in/second-step', sent, step.cookie);
    expect(answer.cookie.includes('opsforge_session=')).toBe(typed === codes[0]);
  }
}

async function signInAndOut(service: Service): Promise<void> {
  const right = secrets.get('the password of the owner') ?? '';
  await submit(service, '/sign-in', { email, password: secret('a wrong password') });
  const { cookie } = await submit(service, '/sign-in', { email, password: right });
  await proveTwice(service, cookie, right);
  for (const path of ['/', '/api/v1/projects', `/no/such/${secret('a path')}?token=${cookie}`]) {
    await fetch(new URL(path, service.url), { headers: { cookie }, redirect: 'manual' });
  }
  const { stdout } = await run(['reset-password', '--email', email], {
    env: { OPSFORGE_DATA_DIR: service.dataDir },
  });
  const token = await open(service, stdout.trim());
  await submit(service, '/reset-password', { token, password: secret('a new password') });
  await submit(service, '/sign-up', {
    ...{ name: 'Eve', email: 'eve@opsforge.test', tenantName: 'Eves' },
    password: secret('a password at sign-up'),
  });
}

/** Of the whole tenant: `bootstrap` makes keys of a project. */
async function administratorOf(service: Service): Promise<Client> {
  const env = { OPSFORGE_DATA_DIR: service.dataDir };
  const args = ['bootstrap', '--tenant', 'acme', '--project', 'main', '--new-key'];
  const { apiKey, projectId } = JSON.parse((await run(args, { env })).stdout);
  const hash = new Bun.CryptoHasher('sha256').update(apiKey).digest('hex');
  await askDatabase(
    await databaseUrl(service),
    `update api_keys set project_id = null, scopes = '{admin}'
     where key_hash = decode('${hash}', 'hex')`,
  );
  return clientOf(service.url, secret('the key of an administrator', apiKey), projectId);
}

async function databaseUrl({ dataDir }: Service): Promise<string> {
  const { stdout } = await run(['database', 'url'], { env: { OPSFORGE_DATA_DIR: dataDir } });
  return stdout.trim();
}

async function inviteAndOpenPortal(service: Service): Promise<void> {
  const { projectId, post } = await administratorOf(service);
  const made = async (path: string, body: object) => {
    const answer = await post(`/api/v1${path}`, body);
    expect([path, answer.status]).toEqual([path, 201]);
    return answer.body;
  };
  const key = await made('/api-keys', { name: 'k', scopes: ['endpoints:read'] });
  secret('a second key', String(key['key']));
  const invitation = await made('/invitations', { email: invited, role: 'viewer' });
  const invitedBy = await open(service, String(invitation['link']));
  const password = secret('the password of the invited');
  await submit(service, '/invitation', { token: invitedBy, name: 'Grace', password });
  const link = await made('/portal-links', { projectId, customer: 'one' });
  const token = await open(service, String(link['url']));
  const headers = { authorization: `Bearer ${token}` };
  await fetch(new URL('/api/v1/endpoints', service.url), { headers });
  await service.logged('mail not sent');
}

const ownHeaders = () => ({ 'x-own': secret(`a header ${secrets.size}`) });
const endpointOf = (url: string) => ({
  ...{ url, headers: ownHeaders(), retrySchedule: [] },
  auth: { kind: 'bearer', token: secret(`a bearer token ${secrets.size}`) },
});

/** Logged as JSON the key would be one line with escapes: a line from its middle stands for it. */
function clientCertificate() {
  const { cert: certificate, key: privateKey } = forGoodTest;
  secret('the key of a client certificate', privateKey.split('\n')[2] ?? '');
  return { kind: 'mtls', certificate, privateKey };
}

async function deliverInVain(service: Service, client: Client): Promise<void> {
  const receiver = startReceiver(
    () => new Response(secret('the answer of a receiver'), { status: 500 }),
  );
  await client.endpoint('https://127.0.0.1:1/', { auth: clientCertificate(), retrySchedule: [] });
  for (const url of [`${receiver.url}/?key=${secret('a key in a URL')}`, 'http://127.0.0.1:1/']) {
    const { url: target, ...settings } = endpointOf(url);
    const made = await client.endpoint(target, settings);
    secret(`the secret of ${made.id}`, made.secret);
  }
  const id = await client.send('a.b', { card: secret('a payload') });
  await client.settled(`eventId=${id}`, 3);
  await receiveFromElsewhere(service, client);
  await receiver.stop();
}

async function receiveFromElsewhere(service: Service, client: Client): Promise<void> {
  const made = await client.post('/api/v1/sources', { name: 's', kind: 'github' });
  const key = secret('the secret of a source', String(made.body['secret']));
  const address = new URL(`/api/v1/sources/${made.body['id']}`, service.url);
  const body = JSON.stringify({ word: secret('a message from elsewhere') });
  const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
  for (const sent of [signature, `sha256=${'0'.repeat(64)}`]) {
    const headers = { 'x-hub-signature-256': sent, 'x-github-event': 'push' };
    await fetch(address, { method: 'POST', body, headers });
  }
}

/** Each is refused, after it was read. */
async function sendBadly(service: Service, client: Client): Promise<void> {
  const headers = { authorization: `Bearer ofk_${secret('an unknown key', 'leak'.repeat(10))}` };
  await fetch(new URL('/api/v1/events', service.url), { headers });
  await client.post('/api/v1/webhooks', `{"type":"a","payload":${secret('what is no JSON')}`);
  await client.post('/api/v1/webhooks', { type: secret('a bad type', 'leak type!'), payload: 1 });
  await client.post('/api/v1/endpoints', { url: `ftp://a:${secret('a password in a URL')}@b/` });
}

/** Statements fail with all of their parameters in the error. */
async function failUnderneath(service: Service, client: Client): Promise<void> {
  const url = await databaseUrl(service);
  const { password } = new URL(url.replace('@/', '@localhost/'));
  secret('the password of the database', password);
  const tables = ['endpoint_secrets', 'webhook_events', 'sources', 'api_keys', 'users'];
  const rename = async (from: string, to: string) => {
    for (const table of tables) {
      await askDatabase(url, `alter table ${table}${from} rename to ${table}${to}`);
    }
  };
  await rename('', '_away');
  const answers = [
    await client.post('/api/v1/endpoints', endpointOf('http://127.0.0.1:1/')),
    await client.post('/api/v1/endpoints', {
      ...{ url: 'https://127.0.0.1:1/', auth: clientCertificate() },
    }),
    await client.post('/api/v1/webhooks', { type: 'a.b', payload: secret('a lost payload') }),
    await client.post('/api/v1/sources', {
      ...{ name: 's', kind: 'hmac' },
      secret: secret('a given secret of a source'),
    }),
    await client.post('/api/v1/api-keys', { name: 'k', scopes: ['events:read'] }),
  ];
  await submit(service, '/sign-in', { email, password: secret('a password at a bad time') });
  await rename('_away', '');
  expect(answers.map(({ status }) => status >= 500)).toEqual(answers.map(() => true));
}

test('the log holds no secret, whatever happens', async () => {
  const smtp = startSmtpServer();
  smtp.behaviour.mode = 'refuse';
  const service = await launch(smtp.url);
  const client = await owned(service);
  await signInAndOut(service);
  await inviteAndOpenPortal(service);
  await deliverInVain(service, client);
  await sendBadly(service, client);
  await failUnderneath(service, client);
  secret('the installation key', readFileSync(join(service.dataDir, 'secret.key'), 'utf8').trim());
  // What failed was logged, or there would be nothing to look into.
  await service.logged('request failed');
  expect(await service.stop()).toBe(0);
  smtp.stop();

  const logged = service
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .join('\n');
  const database = readFileSync(join(service.dataDir, 'postgres.log'), 'utf8');
  expect(database).toContain('does not exist');
  expect(secrets.size).toBeGreaterThan(45);
  const leaks = [...secrets].filter(([, value]) => {
    if (value.length < 8) throw new Error('a secret is too short to be looked for');
    return [value, encodeURIComponent(value), btoa(value)].some(
      (text) => logged.includes(text) || database.includes(text),
    );
  });
  expect(leaks.map(([name]) => name)).toEqual([]);
});

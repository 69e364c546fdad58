/** `opsforge rotate-key`: all secrets under a new key, all or none, and nobody with the old one. */
import { afterAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, makeFolder, run, type Service, startService } from '../support/binary.ts';
import { ownerPassword, startExternalPostgres } from '../support/external-postgres.ts';
import { startReceiver } from '../support/receiver.ts';
import { bootstrap, bootstrapClient, type Client, clientOf } from '../support/service-client.ts';
import { findTestTool } from '../support/test-tools.ts';

const binDir = findTestTool('postgresBinDir');
const makeKey = () => randomBytes(32).toString('base64');

afterAll(cleanUp);

async function secretOf(client: Client, endpointId: string): Promise<unknown> {
  const { status, body } = await client.get(`/api/v1/endpoints/${endpointId}/secret`);
  expect(status).toBe(200);
  return body['secret'];
}

describe('a key in the data folder', () => {
  let service: Service;

  test('is replaced while nothing runs; secrets and headers stay what they were', async () => {
    service = await startService();
    const { dataDir } = service;
    const env = { OPSFORGE_DATA_DIR: dataDir };
    const keyFile = join(dataDir, 'secret.key');
    const before = readFileSync(keyFile, 'utf8');
    const receiver = startReceiver();
    const client = await bootstrapClient(service);
    const endpoint = await client.endpoint(receiver.url, { headers: { 'x-own': 'kept' } });

    const running = await run(['rotate-key'], { env });
    expect(running).toMatchObject({ code: 1, stdout: '' });
    expect(running.lastLine).toContain('stop opsforge first');
    expect(readFileSync(keyFile, 'utf8')).toBe(before);

    expect(await service.stop()).toBe(0);
    copyFileSync(keyFile, `${keyFile}.before`);
    const rotated = await run(['rotate-key'], { env });
    // The signing secret and the headers.
    expect(rotated).toMatchObject({ code: 0 });
    expect(rotated.stdout).toContain('; 2 secrets encrypted anew.');
    expect(readFileSync(keyFile, 'utf8')).not.toBe(before);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(existsSync(`${keyFile}.next`)).toBe(false);

    service = await startService({ dataDir });
    const again = clientOf(service.url, client.apiKey, client.projectId);
    expect(await secretOf(again, endpoint.id)).toBe(endpoint.secret);
    const eventId = await again.send('a.b', {});
    await again.settled(`eventId=${eventId}`, 1);
    expect(receiver.requests.at(-1)?.headers['x-own']).toBe('kept');
    expect(await service.stop()).toBe(0);
    await receiver.stop();
  });

  test('the old key is refused from then on', async () => {
    const keyFile = join(service.dataDir, 'secret.key');
    renameSync(keyFile, `${keyFile}.rotated`);
    renameSync(`${keyFile}.before`, keyFile);
    const refused = await run(['serve'], { env: { OPSFORGE_DATA_DIR: service.dataDir } });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.lastLine).toContain('is not the key');
  });

  test('a crash between the commit and the new file is mended by the next start', async () => {
    const keyFile = join(service.dataDir, 'secret.key');
    // As it stands then: the old key in its place, the new one beside it.
    renameSync(`${keyFile}.rotated`, `${keyFile}.next`);
    const mended = await startService({ dataDir: service.dataDir });
    expect(existsSync(`${keyFile}.next`)).toBe(false);
    expect(await mended.stop()).toBe(0);
  });
});

describe.skipIf(binDir === null)('OPSFORGE_SECRET_KEY [needs PostgreSQL’s programs]', () => {
  test('is replaced by a key on stdin, by an owner who is no superuser', async () => {
    const database = await startExternalPostgres(binDir ?? '');
    const [old, next] = [makeKey(), makeKey()];
    const base = {
      OPSFORGE_DATA_DIR: join(makeFolder(), 'data'),
      DATABASE_URL: database.ownerUrl,
      PGPASSWORD: ownerPassword,
    };
    const env = { ...base, OPSFORGE_SECRET_KEY: old };
    try {
      const service = await startService({ env });
      const { apiKey, projectId } = await bootstrap(base.OPSFORGE_DATA_DIR, { env });
      const client = clientOf(service.url, apiKey ?? '', projectId);
      const endpoint = await client.endpoint('http://127.0.0.1:9/');
      expect(await service.stop()).toBe(0);

      const unsaid = await run(['rotate-key'], { env });
      expect(unsaid).toMatchObject({ code: 2 });
      expect(unsaid.lastLine).toContain('--new-key-stdin');
      const short = await run(['rotate-key', '--new-key-stdin'], { env, stdin: 'c2hvcnQ=' });
      expect(short).toMatchObject({ code: 2 });
      expect(short.lastLine).toContain('32 bytes');
      const rotated = await run(['rotate-key', '--new-key-stdin'], { env, stdin: `${next}\n` });
      expect(rotated).toMatchObject({ code: 0 });
      expect(rotated.stdout).toContain('; 1 secret encrypted anew.');
      expect(`${rotated.stdout}${rotated.stderr}`).not.toContain(next);

      const after = await startService({ env: { ...base, OPSFORGE_SECRET_KEY: next } });
      const again = clientOf(after.url, apiKey ?? '', projectId);
      expect(await secretOf(again, endpoint.id)).toBe(endpoint.secret);
      expect(await after.stop()).toBe(0);
    } finally {
      await database.stop();
    }
  });
});

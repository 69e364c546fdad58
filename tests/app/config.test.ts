import { describe, expect, test } from 'bun:test';
import { type Flags, readConfig } from '../../src/app/config.ts';
import { StartError } from '../../src/domain/start-error.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const external = { DATABASE_URL: 'postgresql://u:secret@db/x', OPSFORGE_SECRET_KEY: key };

function problemOf(environment: Record<string, string>, flags: Flags = {}): string {
  try {
    readConfig(environment, flags);
  } catch (error) {
    if (error instanceof StartError && error.exitCode === 2) return error.message;
    throw error;
  }
  return 'none';
}

describe('the configuration', () => {
  test('has the documented defaults', () => {
    expect(readConfig({})).toMatchObject({
      role: 'all',
      port: 3000,
      host: '0.0.0.0',
      databaseUrl: null,
      databasePoolSize: 25,
      dataDirNamed: false,
      signup: 'first',
      deliveryPollIntervalMs: 5_000,
      monitorPollIntervalMs: 30_000,
      retentionEventsMs: 30 * 86_400_000,
      retentionMonitorLogsMs: 90 * 86_400_000,
      metricsToken: null,
      mail: null,
      oidc: null,
      logLevel: 'info',
      shutdownTimeoutMs: 30_000,
      region: 'default',
      unused: [],
    });
    expect(readConfig(external, { role: 'worker' }).databasePoolSize).toBe(10);
  });

  test('takes a flag before a variable of the same meaning', () => {
    const flags = { port: '4000', host: '127.0.0.1', 'data-dir': '/srv/x', region: 'eu-1' };
    const config = readConfig(
      { PORT: '1', HOST: 'h', OPSFORGE_DATA_DIR: '/y', REGION: 'z' },
      flags,
    );
    expect(config).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      dataDir: '/srv/x',
      dataDirNamed: true,
      region: 'eu-1',
    });
  });

  test('takes an empty variable as one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', METRICS_TOKEN: '' })).toMatchObject({
      port: 3000,
      databaseUrl: null,
      metricsToken: null,
    });
  });

  test('reads durations with their unit', () => {
    const config = readConfig({ DELIVERY_POLL_INTERVAL: '250ms', SHUTDOWN_TIMEOUT: '1.5m' });
    expect([config.deliveryPollIntervalMs, config.shutdownTimeoutMs]).toEqual([250, 90_000]);
  });

  const wrong: [Record<string, string>, string][] = [
    [{ PORT: 'abc' }, 'PORT'],
    [{ PORT: '70000' }, 'PORT'],
    [{ PORT: '-1' }, 'PORT'],
    [{ PUBLIC_URL: 'ftp://x' }, 'PUBLIC_URL'],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, 'TRUSTED_PROXIES'],
    [{ OPSFORGE_ALLOWED_CIDRS: '10.0.0.0/8,nonsense' }, 'OPSFORGE_ALLOWED_CIDRS'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL'],
    [{ DATABASE_APP_URL: 'postgresql://x/y' }, 'DATABASE_APP_URL'],
    [{ DATABASE_DIRECT_URL: 'postgresql://x/y' }, 'DATABASE_DIRECT_URL'],
    [{ DATABASE_POOL_SIZE: '2' }, 'DATABASE_POOL_SIZE'],
    [{ DATABASE_URL: 'postgresql://x/y' }, 'OPSFORGE_SECRET_KEY'],
    [{ OPSFORGE_SECRET_KEY: 'short' }, 'OPSFORGE_SECRET_KEY'],
    [{ OUTBOUND_PROXY: 'proxy:3128' }, 'OUTBOUND_PROXY'],
    [{ OPSFORGE_SIGNUP: 'maybe' }, 'OPSFORGE_SIGNUP'],
    [{ DELIVERY_POLL_INTERVAL: '5' }, 'DELIVERY_POLL_INTERVAL'],
    [{ DELIVERY_POLL_INTERVAL: '1ms' }, 'DELIVERY_POLL_INTERVAL'],
    [{ MONITOR_POLL_INTERVAL: '2d' }, 'MONITOR_POLL_INTERVAL'],
    [{ RETENTION_EVENTS: '1h' }, 'RETENTION_EVENTS'],
    [{ RETENTION_MONITOR_LOGS: 'x' }, 'RETENTION_MONITOR_LOGS'],
    [{ SHUTDOWN_TIMEOUT: '-1s' }, 'SHUTDOWN_TIMEOUT'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ REGION: 'Not A Region' }, 'REGION'],
    [{ QUEUE_URL: 'nats://x' }, 'QUEUE_URL'],
  ];
  for (const [environment, name] of wrong) {
    test(`names the variable in a message about ${JSON.stringify(environment)}`, () => {
      expect(problemOf(environment)).toContain(name);
    });
  }

  test('names the flag when the wrong value came by a flag', () => {
    expect(problemOf({}, { port: 'x' })).toContain('--port');
    expect(problemOf({}, { role: 'both' })).toContain('--role');
    expect(problemOf({}, { region: 'A' })).toContain('--region');
  });

  test('wants DATABASE_URL for the roles that share a database', () => {
    for (const role of ['api', 'worker']) {
      expect(problemOf({}, { role })).toContain('DATABASE_URL');
    }
  });

  test('repeats no secret in its messages', () => {
    const messages = [
      problemOf({ DATABASE_URL: 'mysql://u:hunter2@x' }),
      problemOf({ OPSFORGE_SECRET_KEY: 'hunter2' }),
      problemOf({ SMTP_URL: 'http://u:hunter2@x' }),
    ];
    expect(messages.join(' ')).not.toContain('hunter2');
  });

  test('takes mail and single sign-on whole or not at all', () => {
    const mail = { SMTP_URL: 'smtp://u:p@mail.test:587', MAIL_FROM: 'ops@opsforge.test' };
    expect(readConfig(mail).mail).toEqual({ url: mail.SMTP_URL, from: mail.MAIL_FROM });
    const oidc = {
      OIDC_ISSUER: 'https://id.test/',
      OIDC_CLIENT_ID: 'a',
      OIDC_CLIENT_SECRET: 'b',
    };
    const { OIDC_ISSUER: issuer } = oidc;
    expect(readConfig(oidc).oidc).toEqual({ issuer, clientId: 'a', clientSecret: 'b' });
    expect(problemOf({ SMTP_URL: mail.SMTP_URL })).toContain('MAIL_FROM');
    expect(problemOf({ MAIL_FROM: mail.MAIL_FROM })).toContain('SMTP_URL');
    expect(problemOf({ ...mail, SMTP_URL: 'mail.test' })).toContain('SMTP_URL');
    expect(problemOf({ OIDC_ISSUER: issuer })).toContain('OIDC_CLIENT_ID');
    expect(problemOf({ ...oidc, OIDC_ISSUER: 'id.test' })).toContain('OIDC_ISSUER');
  });

  test('names what is set and not used yet', () => {
    expect(readConfig({ DATABASE_READ_URL: 'x' }).unused).toEqual(['DATABASE_READ_URL']);
  });
});

/** The command line: answers on stdout and nothing else there, one plain line for a failure. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import {
  appliedAll,
  cleanUp,
  eventually,
  type Finished,
  launch,
  makeFolder,
  run,
  type Service,
  startService,
} from '../support/binary.ts';
import { findProcesses } from '../support/embedded-folder.ts';
import { askDatabase, type Bootstrapped, clientOf } from '../support/service-client.ts';

const folder = makeFolder();
const dataDir = join(folder, 'data');

afterAll(cleanUp);

/** On the data folder of this file, or on what `env` names. */
function opsforge(line: string, env: Record<string, string> = {}): Promise<Finished> {
  return run(line.split(' '), { env: { OPSFORGE_DATA_DIR: dataDir, ...env } });
}

async function bootstrapWith(
  flags: string,
  env: Record<string, string> = {},
): Promise<Bootstrapped> {
  const finished = await opsforge(`bootstrap ${flags}`, env);
  expect(finished).toMatchObject({ code: 0 });
  expect(finished.stdout.trimEnd().split('\n')).toHaveLength(1);
  const made = JSON.parse(finished.stdout);
  expect(Object.keys(made).sort()).toEqual(['apiKey', 'projectId', 'tenantId', 'url']);
  return made;
}

/** What a command that fails shows: nothing on stdout, a plain last line without a stack. */
function expectFailure(finished: Finished, code: number, ...words: string[]): void {
  expect(finished).toMatchObject({ code, stdout: '' });
  expect(finished.lastLine).toStartWith('opsforge: ');
  for (const word of words) expect(finished.lastLine).toContain(word);
  expect(finished.stderr).not.toMatch(/^\s+at /m);
}

describe('what needs no database', () => {
  test('is told by --help and --version, of each command', async () => {
    const names = [
      ...['serve', 'bootstrap', 'signup-link', 'reset-password', 'rotate-key'],
      ...['migrate', 'database url', 'listen', 'openapi', 'quota'],
    ];
    const [all, version, ...each] = await Promise.all([
      opsforge('--help'),
      opsforge('serve --version'),
      ...names.map((name) => opsforge(`${name} --help`)),
    ]);
    expect(version).toMatchObject({ code: 0, stdout: `${packageFile.version}\n`, stderr: '' });
    for (const one of [all, ...each]) expect(one).toMatchObject({ code: 0, stderr: '' });
    for (const [index, name] of names.entries()) {
      expect(all.stdout).toContain(`\n  ${name}`);
      expect(each[index]?.stdout).toContain(`opsforge ${name === 'serve' ? '[serve]' : name}`);
    }
  });

  test('corrects a wrong command or flag by the nearest right one', async () => {
    const wrong = [
      ['bootstap --tenant a', 'bootstrap'],
      ['databse url', 'database url'],
      ['database', 'database url'],
      ['serv', 'serve'],
      ['serve --prot 80', '--port'],
      ['--roel api', '--role'],
      ['migrate --chek', '--check'],
      ['bootstrap --tennant acme --project main', '--tenant'],
    ];
    const ended = await Promise.all(wrong.map(([line = '']) => opsforge(line)));
    for (const [index, [, right = '']] of wrong.entries()) {
      const finished = ended[index];
      if (finished !== undefined) expectFailure(finished, 2, 'did you mean', right);
    }
    expectFailure(await opsforge('migrate now'), 2, 'now');
    expectFailure(await opsforge('serve --port'), 2, '--port');
  });

  test('prints the OpenAPI document, however wrong the configuration is', async () => {
    const finished = await opsforge('openapi', { PORT: 'nonsense' });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const document = JSON.parse(finished.stdout);
    expect(document.openapi).toStartWith('3.1');
    expect(Object.keys(document.paths)).toContain('/api/v1/webhooks');
  });

  test('says that no database runs, and starts none', async () => {
    expectFailure(await opsforge('database url'), 1, 'no database runs', dataDir);
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('a command while no service runs', () => {
  test('migrates only when it is told to', async () => {
    expectFailure(await opsforge('migrate --check'), 1, '1 initial', 'opsforge migrate');
    const migrated = await opsforge('migrate');
    expect([migrated.code, migrated.stdout]).toEqual([0, appliedAll]);
    const checked = await opsforge('migrate --check');
    expect([checked.code, checked.stdout]).toEqual([0, 'The database is up to date.\n']);
    expect(findProcesses(dataDir)).toEqual([]);
  });

  test('makes tenant, project and key once, and the same again', async () => {
    const first = await bootstrapWith('--tenant acme --project main', { PORT: '4711' });
    expect(first.apiKey).toMatch(/^ofk_[A-Za-z0-9_-]{43}$/);
    expect(first.url).toBe('http://localhost:4711');
    const second = await bootstrapWith('--tenant acme --project main', { PORT: '4711' });
    expect(second).toEqual({ ...first, apiKey: null });
    expect(findProcesses(dataDir)).toEqual([]);
  });

  test('makes the links of people: one until there is an account, then one to it', async () => {
    const env = { PUBLIC_URL: 'https://ops.test' };
    const link = await opsforge('signup-link', env);
    expect(link).toMatchObject({ code: 0 });
    expect(link.stdout).toMatch(/^https:\/\/ops\.test\/sign-up\?token=[\w-]{43}\n$/);
    expectFailure(await opsforge('reset-password --email ada@ops.test'), 1, 'ada@ops.test');

    const owner = 'bootstrap --tenant acme --project main --email ada@ops.test --password-stdin';
    const short = await run(owner.split(' '), {
      env: { OPSFORGE_DATA_DIR: dataDir },
      stdin: 'short\n',
    });
    expectFailure(short, 1, 'password', '10 characters');
    for (const stdin of ['correct horse battery\n', 'another one, unused']) {
      const made = await run(owner.split(' '), { env: { OPSFORGE_DATA_DIR: dataDir }, stdin });
      expect(made).toMatchObject({ code: 0 });
      expect(made.stdout).not.toContain('horse');
    }
    expectFailure(await opsforge('signup-link'), 1, 'account');
    const reset = await opsforge('reset-password --email Ada@ops.test', env);
    expect(reset.stdout).toMatch(/^https:\/\/ops\.test\/reset-password\?token=[\w-]{43}\n$/);
    expectFailure(await opsforge('reset-password'), 2, '--email');
    expect(findProcesses(dataDir)).toEqual([]);
  }, 60_000);

  test('sets quotas of a tenant, shows them, and lifts them', async () => {
    const { tenantId } = await bootstrapWith('--tenant acme --project main');
    const quota = async (flags: string) => JSON.parse((await opsforge(`quota ${flags}`)).stdout);
    const none = { tenantId, eventsPerMonth: null, storedBytes: null };
    expect(await quota('--tenant acme')).toEqual(none);
    const set = { ...none, eventsPerMonth: 1_000 };
    expect(await quota('--tenant acme --events-per-month 1000')).toEqual(set);
    expect(await quota('--tenant acme')).toEqual(set);
    expect(await quota('--tenant acme --events-per-month none')).toEqual(none);
    expectFailure(await opsforge('quota'), 2, '--tenant');
    expectFailure(await opsforge('quota --tenant nobody'), 1, 'nobody');
    for (const limit of ['0', 'many', '1.5']) {
      expectFailure(await opsforge(`quota --tenant acme --stored-bytes ${limit}`), 2, 'none');
    }
  });

  test('refuses what goes together and comes apart, or what is missing', async () => {
    expectFailure(
      await opsforge('bootstrap --tenant a --project b --email c@d.test'),
      2,
      '--password-stdin',
    );
    expectFailure(await opsforge('bootstrap --tenant acme'), 2, '--project');
    expectFailure(await opsforge('bootstrap --project main'), 2, '--tenant');
    expect(findProcesses(dataDir)).toEqual([]);
  });
});

describe('a command that comes too early', () => {
  test('waits for the service that makes its database just now, and for its like', async () => {
    const started = await launch();
    const holderFile = join(started.dataDir, 'embedded.pid');
    await eventually('the service holds its folder', () => (existsSync(holderFile) ? true : null));
    const env = { OPSFORGE_DATA_DIR: started.dataDir };
    const made = await Promise.all(
      Array.from({ length: 3 }, () => bootstrapWith('--tenant early --project bird', env)),
    );
    const ready = await started.logged('ready');
    expect(new Set(made.map(({ tenantId, projectId }) => `${tenantId} ${projectId}`)).size).toBe(1);
    expect(made.map(({ url }) => url)).toEqual(made.map(() => String(ready['url'])));
    expect(made.filter(({ apiKey }) => apiKey !== null)).toHaveLength(1);
    const link = `Make the first account: ${ready['url']}/sign-up?token=`;
    expect(started.stderr()).toContain(link);
    expect(await started.stop()).toBe(0);
  });

  test('waits for another that has no service either', async () => {
    const made = await Promise.all(
      Array.from({ length: 3 }, () => bootstrapWith('--tenant early --project worm')),
    );
    expect(new Set(made.map(({ projectId }) => projectId)).size).toBe(1);
    expect(made.filter(({ apiKey }) => apiKey !== null)).toHaveLength(1);
    expect(findProcesses(dataDir)).toEqual([]);
  });
});

describe('a command beside the running service', () => {
  let service: Service;

  beforeAll(async () => {
    service = await startService({ dataDir });
  });

  test('makes further keys, each of which works at once', async () => {
    // There is an account since the tests before: nobody is offered the first one.
    expect(service.stderr()).not.toContain('first account');
    const first = await bootstrapWith('--tenant acme --project main --new-key');
    const second = await bootstrapWith('--tenant acme --project main --new-key');
    expect(second.projectId).toBe(first.projectId);
    expect(second.apiKey).not.toBe(first.apiKey);
    expect(first.url.replace('localhost', '127.0.0.1')).toBe(service.url);
    for (const { apiKey, projectId } of [first, second]) {
      await clientOf(service.url, apiKey ?? '', projectId).send('key.works', {});
    }
  });

  test('makes a project of a known tenant that takes events at once', async () => {
    // The service has the tenant's projects in memory since the events of the test before.
    const made = await bootstrapWith('--tenant acme --project second');
    const id = await clientOf(service.url, made.apiKey ?? '', made.projectId).send('new.one', {});
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const again = await bootstrapWith('--tenant acme --project second');
    expect(again).toEqual({ ...made, apiKey: null });
  });

  test('names the database’s URL, whose login owns the tables and may act as the roles', async () => {
    const { code, stdout, stderr } = await opsforge('database url');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^postgresql:\/\/\w+:[^@]+@\/\w+\?host=[^&]+&port=\d+\n$/);
    const url = stdout.trim();
    const [owner] = await askDatabase(
      url,
      `select tableowner = current_user as owns, pg_has_role('opsforge_app', 'member') as acts,
        has_database_privilege(current_database(), 'create') as creates
       from pg_tables where tablename = 'webhook_events'`,
    );
    expect(owner).toEqual({ owns: true, acts: true, creates: true });
  });

  test('finds nothing to migrate', async () => {
    const migrated = await opsforge('migrate');
    expect(migrated).toMatchObject({
      code: 0,
      stdout: 'The database is up to date.\n',
      stderr: '',
    });
  });

  test('leaves the service running', async () => {
    expect((await fetch(new URL('/readyz', service.url))).status).toBe(200);
    expect(await service.stop()).toBe(0);
    expect(service.stdout()).toBe('');
    expectFailure(await opsforge('database url'), 1, 'no database runs');
  });
});

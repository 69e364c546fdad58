/**
 * Builds the container image and tries it as a user would: one container with the embedded
 * database, bootstrap inside it, an event to a receiver on 127.0.0.1 with its signature checked,
 * its attempt on record, a graceful stop, and the same data after another start. Wants Linux (host
 * network) and docker or podman. Usage: try-image.ts [--engine="COMMAND ITS-FLAGS"]
 * [--build-flag=F]… [--run-flag=F]… [--image=NAME] (tries that one, builds none). Removes its
 * container and volume; the image stays.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { startReceiver } from '../tests/support/receiver.ts';

const root = join(import.meta.dir, '..');
const builtImage = 'localhost/opsforge:try';
const buildTimeoutMs = 30 * 60_000;
const commandTimeoutMs = 120_000;
const readyTimeoutMs = 60_000;
const deliveryTimeoutMs = 10_000;
const pollMs = 20;
/** Above SHUTDOWN_TIMEOUT, as the README advises. */
const stopSeconds = 45;
const ownUid = '10001';

/** What went wrong in one line; anything else is a defect of this script. */
class TrialError extends Error {}

type Engine = (args: string[], timeoutMs?: number) => Promise<string>;

function createEngine(command: string[]): Engine {
  return async (args, timeoutMs = commandTimeoutMs) => {
    const child = Bun.spawn([...command, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    // A container's log comes out as it went in: opsforge writes to stderr.
    if ((await child.exited) === 0) return (args[0] === 'logs' ? `${out}${err}` : out).trim();
    throw new TrialError(`${args.slice(0, 2).join(' ')} failed: ${`${out}${err}`.slice(-4_000)}`);
  };
}

/**
 * The engine that answers; each start of one is tried, since a client without its daemon is none.
 */
async function findEngine(given: string | undefined): Promise<Engine> {
  const candidates = given === undefined ? ['docker', 'podman'] : [given];
  for (const candidate of candidates) {
    const command = candidate.split(' ').filter((word) => word !== '');
    if (Bun.which(command[0] ?? '') === null) continue;
    const engine = createEngine(command);
    const answers = await engine(['info']).then(
      () => true,
      () => false,
    );
    if (answers) return engine;
  }
  throw new TrialError(`none of ${candidates.join(', ')} answers here`);
}

async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await work();
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6);
  const shown = typeof result === 'string' ? `: ${result}` : '';
  process.stdout.write(`ok ${seconds} s  ${title}${shown}\n`);
  return result;
}

async function until(what: string, timeoutMs: number, reached: () => Promise<boolean>) {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    if (await reached().catch(() => false)) return;
    await Bun.sleep(pollMs);
  }
  throw new TrialError(`${what}: not within ${timeoutMs / 1_000} s`);
}

function expectEqual(what: string, given: unknown, wanted: unknown): void {
  if (given === wanted) return;
  throw new TrialError(`${what} is ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`);
}

/** A port that was free a moment ago. */
async function findFreePort(): Promise<number> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  if (port === undefined) throw new TrialError('no free port');
  return port;
}

type Json = Record<string, unknown>;

function createClient(url: string, apiKey: string) {
  return async (method: string, path: string, body?: Json): Promise<Json> => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new TrialError(`${method} ${path} answered ${response.status}: ${text}`);
    return Object(JSON.parse(text));
  };
}

/** Posts an event and follows it to its recorded attempt. */
async function deliver(client: ReturnType<typeof createClient>): Promise<void> {
  const receiver = startReceiver();
  try {
    const endpoint = await client('POST', 'endpoints', { url: `${receiver.url}/hooks` });
    const event = await client('POST', 'webhooks', { type: 'image.tried', payload: { n: 1 } });
    const [request] = await receiver.waitFor(1, deliveryTimeoutMs);
    if (request === undefined) throw new TrialError('the receiver got nothing');
    new Webhook(String(endpoint['secret'])).verify(request.body, request.headers);
    expectEqual('webhook-id', request.headers['webhook-id'], event['id']);
    const delivery = request.headers['opsforge-delivery-id'];
    await until('recording', deliveryTimeoutMs, async () => {
      return (await client('GET', `deliveries/${delivery}`))['status'] === 'delivered';
    });
    const attempts = (await client('GET', `deliveries/${delivery}/attempts`))['data'];
    expectEqual('attempts', Array.isArray(attempts) ? attempts.length : attempts, 1);
  } finally {
    await receiver.stop();
  }
}

type Trial = { engine: Engine; image: string; name: string; runFlags: string[] };

async function tryContainer({ engine, image, name, runFlags }: Trial): Promise<void> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const ready = () =>
    until('readiness', readyTimeoutMs, async () => (await fetch(`${url}/readyz`)).ok);
  const inside = (...command: string[]) => engine(['exec', name, ...command]);
  const stop = async () => {
    await engine(['stop', '--time', String(stopSeconds), name]);
    const code = await engine(['inspect', '--format', '{{.State.ExitCode}}', name]);
    expectEqual('the exit code', code, '0');
  };

  await step('first start to ready', async () => {
    const settings = { PORT: `${port}`, HOST: '127.0.0.1', OPSFORGE_ALLOWED_CIDRS: '127.0.0.0/8' };
    const environment = Object.entries(settings).flatMap(([key, value]) => [
      '--env',
      `${key}=${value}`,
    ]);
    const fixed = ['--detach', '--name', name, '--network', 'host'];
    const volume = ['--volume', `${name}:/var/lib/opsforge`];
    await engine(['run', ...fixed, ...volume, ...environment, ...runFlags, image]);
    await ready();
  });
  expectEqual('the uid', await inside('id', '-u'), ownUid);
  await step('health check of the image', async () => {
    const format = '{{json .Config.Healthcheck.Test}}';
    const [kind, ...command] = JSON.parse(await engine(['inspect', '--format', format, name]));
    expectEqual('the kind of health check', kind, 'CMD');
    await inside(...command);
  });
  const client = await step('bootstrap inside', async () => {
    const line = await inside('opsforge', 'bootstrap', '--tenant', 'acme', '--project', 'main');
    return createClient(url, String(JSON.parse(line).apiKey));
  });
  await step('an event, delivered, signed and on record', () => deliver(client));
  await step('stopped, exit code 0', stop);
  await step('second start to ready', async () => {
    await engine(['start', name]);
    await ready();
  });
  const kept = (await client('GET', 'deliveries'))['data'];
  expectEqual('deliveries kept', Array.isArray(kept) ? kept.length : kept, 1);
  await step('an event after the second start', () => deliver(client));
  await step('stopped, exit code 0', stop);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string' },
      image: { type: 'string' },
      'build-flag': { type: 'string', multiple: true, default: [] },
      'run-flag': { type: 'string', multiple: true, default: [] },
    },
  });
  const engine = await findEngine(values.engine);
  const image = values.image ?? builtImage;
  if (values.image === undefined) {
    // In docker's format, since that of OCI has no health check; docker itself knows no other.
    const isPodman = (await engine(['--version'])).startsWith('podman');
    const format = isPodman ? ['--format', 'docker'] : [];
    const flags = [...format, ...values['build-flag']];
    await step('built', async () => {
      await engine(['build', '--tag', image, ...flags, '.'], buildTimeoutMs);
      const bytes = Number(await engine(['image', 'inspect', '--format', '{{.Size}}', image]));
      return `${(bytes / 1e6).toFixed(0)} MB`;
    });
  }
  const name = `opsforge-try-${process.pid}`;
  try {
    await tryContainer({ engine, image, name, runFlags: values['run-flag'] });
  } catch (error) {
    const log = await engine(['logs', '--tail', '20', name]).catch(() => '');
    throw error instanceof TrialError ? new TrialError(`${error.message}\n${log}`) : error;
  } finally {
    // Either may not be there: what failed before is the news.
    await engine(['rm', '--force', name]).catch(() => '');
    await engine(['volume', 'rm', '--force', name]).catch(() => '');
  }
}

try {
  await main();
} catch (error) {
  // A TypeError is what a wrong argument raises.
  const plain = error instanceof TrialError || error instanceof TypeError;
  process.stderr.write(plain ? `try-image: ${error.message}\n` : `${Bun.inspect(error)}\n`);
  process.exitCode = 1;
}

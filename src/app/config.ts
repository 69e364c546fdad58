/**
 * Configuration: the environment and the flags of `serve`, read here and nowhere else, each value
 * checked with a message that names its variable. A flag of the same meaning wins.
 * Names and defaults are fixed by the README's table.
 */
import { isAbsolute, resolve } from 'node:path';
import { type Cidr, parseCidr } from '../domain/addresses.ts';
import { StartError } from '../domain/start-error.ts';
import { type LogLevel, logLevels } from '../lib/log.ts';
import { secretKeyBytes } from '../lib/secret-box.ts';

export const roles = ['all', 'api', 'worker'] as const;
const signups = ['first', 'open', 'closed'] as const;
export type Role = (typeof roles)[number];

export type Flags = Partial<Record<'role' | 'port' | 'host' | 'data-dir' | 'region', string>>;
type Environment = Record<string, string | undefined>;

export type Config = {
  role: Role;
  port: number;
  host: string;
  /** Null: http://localhost with the port that was taken in the end. */
  publicUrl: string | null;
  trustedProxies: Cidr[];
  databaseUrl: string | null;
  databaseAppUrl: string | null;
  databaseDirectUrl: string | null;
  databasePoolSize: number;
  dataDir: string;
  /** False when it is the default, which may then move (a root's clone in a home of mode 0700). */
  dataDirNamed: boolean;
  /** Null: a file in the data folder, made once. */
  secretKey: Uint8Array | null;
  allowedCidrs: Cidr[];
  outboundProxy: string | null;
  signup: (typeof signups)[number];
  deliveryPollIntervalMs: number;
  monitorPollIntervalMs: number;
  retentionEventsMs: number;
  retentionMonitorLogsMs: number;
  metricsToken: string | null;
  /** Null: no mail is sent. `url` may hold a password. */
  mail: { url: string; from: string } | null;
  /** Null: no single sign-on. */
  oidc: { issuer: string; clientId: string; clientSecret: string } | null;
  logLevel: LogLevel;
  shutdownTimeoutMs: number;
  region: string;
  /** Variables that are set and that this version does not use yet. */
  unused: string[];
};

const durationUnits: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const unusedVariables = ['DATABASE_READ_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

const usage = (message: string) => new StartError(message, 2);

export function readConfig(environment: Environment, flags: Flags = {}): Config {
  const read = reader(environment, flags);
  const role = read.choice('--role', flags.role ?? null, roles, 'all');
  const databaseUrl = read.databaseUrl('DATABASE_URL');
  const named = flags['data-dir'] ?? read.text('OPSFORGE_DATA_DIR');
  if (read.text('QUEUE_URL') !== null) {
    throw usage('QUEUE_URL is not supported by this version: unset it, PostgreSQL is the queue.');
  }
  const config: Config = {
    role,
    port: read.integer('PORT', 3000, 0, 65_535, 'port'),
    host: flags.host ?? read.text('HOST') ?? '0.0.0.0',
    publicUrl: read.publicUrl('PUBLIC_URL'),
    trustedProxies: read.cidrs('TRUSTED_PROXIES'),
    databaseUrl,
    databaseAppUrl: read.databaseUrl('DATABASE_APP_URL'),
    databaseDirectUrl: read.databaseUrl('DATABASE_DIRECT_URL'),
    databasePoolSize: read.integer('DATABASE_POOL_SIZE', role === 'worker' ? 10 : 25, 5, 1_000),
    dataDir: named === null ? resolve('data') : absolute(named),
    dataDirNamed: named !== null,
    secretKey: read.secretKey('OPSFORGE_SECRET_KEY'),
    allowedCidrs: read.cidrs('OPSFORGE_ALLOWED_CIDRS'),
    outboundProxy: read.httpUrl('OUTBOUND_PROXY'),
    signup: read.choice('OPSFORGE_SIGNUP', read.text('OPSFORGE_SIGNUP'), signups, 'first'),
    deliveryPollIntervalMs: read.durationMs('DELIVERY_POLL_INTERVAL', '5s', '100ms', '1h'),
    monitorPollIntervalMs: read.durationMs('MONITOR_POLL_INTERVAL', '30s', '1s', '1d'),
    retentionEventsMs: read.durationMs('RETENTION_EVENTS', '30d', '1d', '3650d'),
    retentionMonitorLogsMs: read.durationMs('RETENTION_MONITOR_LOGS', '90d', '1d', '3650d'),
    metricsToken: read.text('METRICS_TOKEN'),
    mail: readMail(read),
    oidc: readOidc(read),
    logLevel: read.choice('LOG_LEVEL', read.text('LOG_LEVEL'), logLevels, 'info'),
    shutdownTimeoutMs: read.durationMs('SHUTDOWN_TIMEOUT', '30s', '0s', '1h'),
    region: read.region(),
    unused: unusedVariables.filter((name) => read.text(name) !== null),
  };
  checkTogether(config);
  return Object.freeze(config);
}

type Reader = ReturnType<typeof reader>;

function readMail(read: Reader): Config['mail'] {
  const url = read.text('SMTP_URL');
  const from = read.text('MAIL_FROM');
  if (url === null) {
    if (from !== null) throw usage('MAIL_FROM goes with SMTP_URL, which is not set.');
    return null;
  }
  // The value may hold a password: it is not repeated.
  if (!/^smtps?:\/\/[^\s]+$/.test(url) || URL.parse(url) === null) {
    throw usage('SMTP_URL must begin with smtp:// or smtps://, as in smtp://mail.example:587.');
  }
  if (from === null) {
    throw usage('MAIL_FROM must be given with SMTP_URL: whom mails come from, as ops@example.com.');
  }
  return { url, from };
}

function readOidc(read: Reader): Config['oidc'] {
  const [issuer, clientId, clientSecret] = [
    read.httpUrl('OIDC_ISSUER'),
    read.text('OIDC_CLIENT_ID'),
    read.text('OIDC_CLIENT_SECRET'),
  ];
  if (issuer === null && clientId === null && clientSecret === null) return null;
  if (issuer === null || clientId === null || clientSecret === null) {
    throw usage('OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together.');
  }
  return { issuer, clientId, clientSecret };
}

function checkTogether(config: Config): void {
  if (config.databaseUrl === null) {
    if (config.role !== 'all') {
      throw usage(
        `--role ${config.role} needs DATABASE_URL: only --role all runs the embedded database.`,
      );
    }
    for (const name of ['databaseAppUrl', 'databaseDirectUrl'] as const) {
      if (config[name] === null) continue;
      const variable = name === 'databaseAppUrl' ? 'DATABASE_APP_URL' : 'DATABASE_DIRECT_URL';
      throw usage(`${variable} goes with DATABASE_URL, which is not set.`);
    }
  } else if (config.secretKey === null) {
    throw usage(
      'OPSFORGE_SECRET_KEY must be given with DATABASE_URL: 32 random bytes in base64, ' +
        'the same for every process (openssl rand -base64 32).',
    );
  }
}

const absolute = (path: string) => (isAbsolute(path) ? path : resolve(path));

/** 32 bytes of base64; `name` says in the StartError where it stood. */
export function readSecretKey(name: string, given: string): Uint8Array {
  const text = given.trim();
  const bytes = Buffer.from(text, 'base64');
  const exact = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  if (exact && bytes.length === secretKeyBytes) return bytes;
  throw usage(
    `${name} must be ${secretKeyBytes} bytes in base64 (openssl rand -base64 32), ` +
      `not ${exact ? `${bytes.length} bytes` : 'this text'}.`,
  );
}

/** NaN unless it is a number with its unit, as `5s` or `30d`. */
function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return Number(match?.[1] ?? Number.NaN) * (durationUnits[match?.[2] ?? ''] ?? Number.NaN);
}

function reader(environment: Environment, flags: Flags) {
  /** An empty variable is an unset one, as shells and compose files write it. */
  const text = (name: string): string | null => environment[name]?.trim() || null;

  function integer(
    name: string,
    fallback: number,
    least: number,
    most: number,
    flag?: keyof Flags,
  ): number {
    const flagged = flag === undefined ? undefined : flags[flag];
    const given = flagged ?? text(name);
    if (given === null) return fallback;
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    const label = flagged === undefined ? name : `--${flag}`;
    throw usage(`${label} must be a whole number from ${least} to ${most}, not "${given}".`);
  }

  return {
    text,
    integer,
    choice<Choice extends string>(
      label: string,
      given: string | null,
      choices: readonly Choice[],
      fallback: Choice,
    ): Choice {
      if (given === null) return fallback;
      const found = choices.find((choice) => choice === given);
      if (found !== undefined) return found;
      throw usage(`${label} must be one of ${choices.join(', ')}, not "${given}".`);
    },
    durationMs(name: string, fallback: string, least: string, most: string): number {
      const given = text(name) ?? fallback;
      const value = durationMs(given);
      if (value >= durationMs(least) && value <= durationMs(most)) return value;
      throw usage(
        `${name} must be a duration from ${least} to ${most}, such as ${fallback}, not "${given}".`,
      );
    },
    httpUrl(name: string): string | null {
      const given = text(name);
      if (given === null) return null;
      const url = URL.parse(given);
      if (url !== null && ['http:', 'https:'].includes(url.protocol)) return given;
      throw usage(`${name} must be an http or https URL.`);
    },
    publicUrl(name: string): string | null {
      const given = text(name);
      if (given === null) return null;
      const url = URL.parse(given);
      if (url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '') {
        return given.replace(/\/+$/, '');
      }
      throw usage(`${name} must be an http or https URL without a query, not "${given}".`);
    },
    databaseUrl(name: string): string | null {
      const given = text(name);
      if (given === null) return null;
      if (/^postgres(ql)?:\/\//.test(given)) return given;
      // The value may hold a password: it is not repeated.
      throw usage(`${name} must begin with postgresql://.`);
    },
    cidrs(name: string): Cidr[] {
      const parts = (text(name) ?? '').split(',').map((part) => part.trim());
      return parts
        .filter((part) => part !== '')
        .map((part) => {
          const cidr = parseCidr(part);
          if (cidr !== null) return cidr;
          throw usage(`${name} must be CIDRs such as 10.0.0.0/8, separated by commas: "${part}".`);
        });
    },
    secretKey(name: string): Uint8Array | null {
      const given = text(name);
      return given === null ? null : readSecretKey(name, given);
    },
    region(): string {
      const given = flags.region ?? text('REGION') ?? 'default';
      if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(given)) return given;
      const label = flags.region === undefined ? 'REGION' : '--region';
      throw usage(`${label} must be lower-case letters, digits and dashes, not "${given}".`);
    },
  };
}

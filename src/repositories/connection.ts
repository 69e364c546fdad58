/**
 * One physical PostgreSQL connection, which never reconnects: when it is lost it is lost, and every
 * statement on it fails. postgres.js' own pool would (3.4.9, seen under Bun) write to a closed
 * socket after a connection died inside a transaction, an uncaught exception, and would send
 * statements that were still queued on a *new* connection, outside their transaction and without
 * its role and tenant.
 */
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres, { type Options, type Sql } from 'postgres';
import { parseArray, plainArray, textArray } from './array-literal.ts';

export type Connection = {
  readonly sql: Sql;
  readonly db: PostgresJsDatabase;
  /** False from the moment on which the socket closed: send nothing any more. */
  readonly alive: () => boolean;
  /** Rejects what is under way and closes the socket; safe twice. */
  close(): Promise<void>;
};

type ConnectOptions = {
  url: string;
  applicationName: string;
  connectTimeoutSeconds?: number;
  onNotification?: (channel: string, payload: string) => void;
  /** Called once, at the moment on which the socket closed, whoever closed it. */
  onClosed?: () => void;
};

/**
 * Array types by their OIDs in pg_type, which never change. postgres.js would ask for them on every
 * connection, and a connection that dies during that question rejects where nobody listens, which
 * ends the process (285 of 300 connects against a loop that killed backends). A text is a literal
 * already (drizzle's, and array-literal.ts for the hottest statements).
 */
const arrayTypes = {
  texts: {
    to: 1009,
    from: [1009, 1015, 2951],
    serialize: (items: string | (string | null)[]) =>
      typeof items === 'string' ? items : textArray(items),
    parse: parseArray,
  },
  numbers: {
    to: 1007,
    from: [1005, 1007, 1016, 1021, 1022],
    serialize: (items: string | (number | null)[]) =>
      typeof items === 'string' ? items : plainArray(items),
    parse: (literal: string) =>
      parseArray(literal).map((item) => (item === null ? null : Number(item))),
  },
};

const connectTimeoutSecondsDefault = 5;
/** Later than any life of the object: see above. */
const reconnectDelaySeconds = 1_000_000;

/**
 * Takes libpq's form as well, `postgresql://user:password@/database?host=/socket/folder&port=5432`.
 */
export function connectionOptions(url: string): Options<Record<string, never>> {
  const match = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?\/([^?]*)\?(.*)$/.exec(url);
  if (match === null) return {};
  const [, user = '', password = '', database = '', query = ''] = match;
  const parameters = new URLSearchParams(query);
  return {
    host: parameters.get('host') ?? 'localhost',
    port: Number(parameters.get('port') ?? 5432),
    user: decodeURIComponent(user),
    password: decodeURIComponent(password),
    database: decodeURIComponent(database),
  };
}

/** The user that a connection URL of either form names. */
export function loginOf(url: string): string {
  return connectionOptions(url).user ?? decodeURIComponent(new URL(url).username);
}

/** Opens the connection at the first statement; `connect` below waits for it. */
function openClient(options: ConnectOptions): Connection {
  let alive = true;
  let closing: Promise<void> | null = null;
  const parsed = connectionOptions(options.url);
  const settings: Options<Record<string, never>> = {
    ...parsed,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: options.connectTimeoutSeconds ?? connectTimeoutSecondsDefault,
    backoff: () => reconnectDelaySeconds,
    onnotice: () => {},
    fetch_types: false,
    connection: { application_name: options.applicationName },
    onclose: () => {
      if (!alive) return;
      alive = false;
      void close();
      options.onClosed?.();
    },
  };
  // Its types want to know each at compile time.
  Object.assign(settings, { types: arrayTypes });
  // Understood by postgres.js, absent from its types.
  if (options.onNotification !== undefined) {
    Object.assign(settings, { onnotify: options.onNotification });
  }
  const sql = 'host' in parsed ? postgres(settings) : postgres(options.url, settings);
  const close = (): Promise<void> => {
    alive = false;
    closing ??= sql.end({ timeout: 0 });
    return closing;
  };
  return { sql, db: drizzle(sql), alive: () => alive, close };
}

/** A live connection, or the error with which it could not be made. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const connection = openClient(options);
  try {
    await connection.sql`select 1`;
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

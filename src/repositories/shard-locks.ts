/**
 * Leadership in the database: session advisory locks on one connection that is kept for nothing
 * else. All that a session holds ends with its socket, so a session is never repaired: when it is
 * lost, its owner fences itself and opens another. Each worker also holds a shared lock that says
 * it is there, and hears on a channel when shards became free or a worker came or went.
 */
import { type Connection, connect } from './connection.ts';

/**
 * First keys of the two-key advisory locks; `opsf` and `opsw` in ASCII, so that none else takes
 * them.
 */
const shardSpace = 0x6f707366;
const presenceSpace = 0x6f707377;
const channel = 'opsforge_leadership';

export type LockSurvey = {
  /** Workers that hold their presence, this one included. */
  live: number;
  /** Shards that anybody leads. */
  taken: Set<number>;
};

export type LockSession = {
  /** Also the ping: rejects when the connection is dead. */
  survey(): Promise<LockSurvey>;
  /** Takes those that are free and answers which it took. */
  lock(shards: readonly number[]): Promise<number[]>;
  unlock(shards: readonly number[]): Promise<void>;
  /** Says that this worker takes part, or no longer. */
  setPresence(present: boolean): Promise<void>;
  /** Tells all workers to look again. */
  announce(): Promise<void>;
  close(): Promise<void>;
};

export type LockSessionOptions = {
  url: string;
  /** At the moment on which the socket closed. */
  onLost(): void;
  /** Another worker announced. */
  onAnnounced(): void;
};

/** @throws when the database cannot be reached */
export async function openLockSession(options: LockSessionOptions): Promise<LockSession> {
  const connection = await connect({
    url: options.url,
    applicationName: 'opsforge-leader',
    onClosed: options.onLost,
    onNotification: options.onAnnounced,
  });
  const { sql } = connection;
  // The server's side of a TCP connection: it frees the locks of a host that vanished within
  // 2 + 2 x 1 s idle, 5 s with data under way. Without effect on a Unix socket.
  await sql.unsafe(`set tcp_keepalives_idle = 2; set tcp_keepalives_interval = 1;
    set tcp_keepalives_count = 2; set tcp_user_timeout = 5000; listen ${channel}`);
  return makeSession(connection);
}

function makeSession({ sql, close }: Connection): LockSession {
  return {
    async survey() {
      const rows = await sql<{ live: number; taken: number[] }[]>`
        select count(*) filter (where classid = ${presenceSpace})::integer as live,
          coalesce(array_agg(objid::integer) filter (where classid = ${shardSpace}), '{}') as taken
        from pg_locks
        where locktype = 'advisory' and granted and objsubid = 2
          and classid in (${shardSpace}, ${presenceSpace})
          and database = (select oid from pg_database where datname = current_database())`;
      const [row] = rows;
      return { live: row?.live ?? 0, taken: new Set(row?.taken ?? []) };
    },
    async lock(shards) {
      const rows = await sql<{ shard: number; got: boolean }[]>`
        select shard, pg_try_advisory_lock(${shardSpace}::integer, shard) as got
        from unnest(${[...shards]}::integer[]) shard`;
      return rows.filter((row) => row.got).map((row) => row.shard);
    },
    async unlock(shards) {
      await sql`select pg_advisory_unlock(${shardSpace}::integer, shard)
        from unnest(${[...shards]}::integer[]) shard`;
    },
    async setPresence(present) {
      if (present) await sql`select pg_advisory_lock_shared(${presenceSpace}::integer, 0)`;
      else await sql`select pg_advisory_unlock_shared(${presenceSpace}::integer, 0)`;
    },
    async announce() {
      await sql`select pg_notify(${channel}, '')`;
    },
    close,
  };
}

/**
 * Lets day partitions go whose days are over, as the administrator, while traffic runs: detached
 * CONCURRENTLY (a plain DROP behind a slow reader stops all ingest), then dropped. A day that a
 * pending delivery needs stays: looked at before and, since somebody may have asked for one more
 * attempt meanwhile, again once the partition is detached and nothing can find it any more. What a
 * round leaves half done (a reader that does not end, a crash) the next one ends.
 */
import type { Sql } from 'postgres';

export type Retention = { eventsMs: number; monitorLogsMs: number };

export type RetentionRound = {
  dropped: string[];
  /** Old enough, and needed by pending deliveries. */
  needed: string[];
  /** Somebody still reads them: the next round tries again. */
  waiting: string[];
};

export type RetentionLimits = {
  /** For whoever reads the parent to end. */
  detachMsMax: number;
  dropAttemptsMax: number;
  dropPauseMs: number;
};

/** Longer than any transaction of the service; a backup may take hours and is not waited for. */
const defaultLimits: RetentionLimits = {
  detachMsMax: 60_000,
  dropAttemptsMax: 5,
  dropPauseMs: 500,
};
/** More days than that are dropped in the next round. */
const partitionsMax = 500;
/** Behind a lock that is waited for all others queue. */
const lockMsMax = 200;
/** Partitions are made for these days back (partitions.ts), and would be made again. */
const daysKeptMin = 2;

/** Marks what this file detached: an operator's table of such a name is none of its business. */
const leavingMark = 'opsforge: detached by retention, to be dropped';

/** Lock not available, and statement timeout. */
const waitStates = new Set(['55P03', '57014']);

type Parent =
  | 'webhook_events'
  | 'replay_deliveries'
  | 'deliveries'
  | 'delivery_attempts'
  | 'monitor_logs';
type State = 'attached' | 'detaching' | 'detached';
/** `low` and `high` are the bounds of its ids, half open. */
type Partition = { name: string; parent: Parent; state: State; low: string; high: string };

/** Which id of a pending delivery needs a day of the table; none needs monitor logs. */
const neededBy: Record<Parent, 'id' | 'event_id' | null> = {
  webhook_events: 'event_id',
  replay_deliveries: 'event_id',
  deliveries: 'id',
  delivery_attempts: 'id',
  monitor_logs: null,
};

/**
 * One round. Null when another process is at it. `sql` must be the administrator's, with one
 * connection that is closed afterwards, which also ends a round that is to stop.
 */
export async function dropOldPartitions(
  sql: Sql,
  retention: Retention,
  limits: RetentionLimits = defaultLimits,
): Promise<RetentionRound | null> {
  const [lock] = await sql`select pg_try_advisory_lock(hashtext('opsforge.retention')) as got`;
  if (lock?.['got'] !== true) return null;
  try {
    const round: RetentionRound = { dropped: [], needed: [], waiting: [] };
    // A table has one partition on its way out at a time: behind one that waits all others do.
    const blocked = new Set<Parent>();
    for (const partition of await listOldPartitions(sql, retention)) {
      const { name, parent } = partition;
      const outcome = blocked.has(parent) ? 'waiting' : await dropPartition(sql, partition, limits);
      if (outcome === 'waiting') blocked.add(parent);
      round[outcome].push(name);
    }
    return round;
  } finally {
    await sql`select pg_advisory_unlock(hashtext('opsforge.retention'))`;
  }
}

/**
 * What a round has left half done, then the oldest; of a day the events first, so that no replay
 * finds an event without a place for its own row.
 */
async function listOldPartitions(sql: Sql, retention: Retention): Promise<Partition[]> {
  const { eventsMs, monitorLogsMs } = retention;
  return sql<Partition[]>`
    with parents (parent, kept_ms) as (
      values ('webhook_events', ${eventsMs}::float8), ('replay_deliveries', ${eventsMs}),
        ('deliveries', ${eventsMs}), ('delivery_attempts', ${eventsMs}),
        ('monitor_logs', ${monitorLogsMs})
    ), found as (
      select c.relname::text as name, p.parent,
        to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as day,
        case when not c.relispartition then 'detached'
          when i.inhdetachpending then 'detaching' else 'attached' end as state, p.kept_ms
      from parents p
      join pg_class c on c.relname ~ ('^' || p.parent || '_[0-9]{8}$') and c.relkind = 'r'
        and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
      left join pg_inherits i on i.inhrelid = c.oid
      where c.relispartition or obj_description(c.oid, 'pg_class') = ${leavingMark}
    )
    select name, parent, state, uuid_at(day) as low, uuid_at(day + interval '1 day') as high
    from found
    where state <> 'attached' or day + interval '1 day' <= least(
      now() - kept_ms * interval '1 millisecond',
      ((now() at time zone 'UTC')::date - ${daysKeptMin}::integer)::timestamp at time zone 'UTC')
    order by state = 'attached', day, name desc limit ${partitionsMax}`;
}

async function dropPartition(
  sql: Sql,
  partition: Partition,
  limits: RetentionLimits,
): Promise<keyof RetentionRound> {
  const table = sql(partition.name);
  const parent = sql(partition.parent);
  if (partition.state === 'attached' && (await isNeeded(sql, partition))) return 'needed';
  const left = await orWaiting(async () => {
    if (partition.state === 'detached') return;
    await limitWaits(sql, { lockMs: lockMsMax, statementMs: limits.detachMsMax });
    if (partition.state === 'attached') {
      await sql.unsafe(`comment on table ${quoted(partition.name)} is '${leavingMark}'`);
    }
    // The wait for readers is a wait for their locks: only the statement's time may end it.
    await limitWaits(sql, { lockMs: 0, statementMs: limits.detachMsMax });
    if (partition.state === 'attached') {
      await sql`alter table ${parent} detach partition ${table} concurrently`;
    } else {
      await sql`alter table ${parent} detach partition ${table} finalize`;
    }
  });
  if (!left) return 'waiting';
  await limitWaits(sql, { lockMs: lockMsMax, statementMs: 0 });
  if (await isNeeded(sql, partition)) return (await attach(sql, partition)) ? 'needed' : 'waiting';
  for (let attempt = 1; attempt <= limits.dropAttemptsMax; attempt += 1) {
    if (await orWaiting(() => sql`drop table ${table}`)) return 'dropped';
    await Bun.sleep(limits.dropPauseMs);
  }
  return 'waiting';
}

/** Back where it was: the constraint that detaching left behind makes a scan unnecessary. */
async function attach(sql: Sql, partition: Partition): Promise<boolean> {
  const { low, high } = partition;
  return orWaiting(async () => {
    await sql.unsafe(`alter table ${quoted(partition.parent)}
      attach partition ${quoted(partition.name)} for values from ('${low}') to ('${high}')`);
    await sql.unsafe(`comment on table ${quoted(partition.name)} is null`);
  });
}

/**
 * Reads the queue from end to end (55 ms at 1 M rows). As the workers' role: forced row level
 * security would show the owner no rows, in silence, and everything would be dropped.
 */
async function isNeeded(sql: Sql, { parent, low, high }: Partition): Promise<boolean> {
  const column = neededBy[parent];
  if (column === null) return false;
  await sql`begin`;
  try {
    await sql`set local role opsforge_worker`;
    const [row] = await sql<{ needed: boolean }[]>`
      select exists (select from delivery_queue
        where ${sql(column)} >= ${low} and ${sql(column)} < ${high}) as needed`;
    if (row === undefined) throw new Error('the question came back as no row');
    return row.needed;
  } finally {
    await sql`rollback`;
  }
}

async function limitWaits(sql: Sql, waits: { lockMs: number; statementMs: number }): Promise<void> {
  await sql`select set_config('lock_timeout', ${`${waits.lockMs}`}, false),
    set_config('statement_timeout', ${`${waits.statementMs}`}, false)`;
}

/** False when somebody's lock was in the way. */
async function orWaiting(work: () => PromiseLike<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof code === 'string' && waitStates.has(code)) return false;
    throw error;
  }
}

/** Of names that are ours: words, digits, underscores. */
const quoted = (name: string) => `"${name}"`;

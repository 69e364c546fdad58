-- 0003 keeping: partitions without stopping traffic, rollups of deliveries, autovacuum.
--
-- Why: CREATE … PARTITION OF waits behind whoever reads the parent (a backup, for hours) and all
-- ingest behind it; a day that nobody made refused what was accepted in it; charts must not scan
-- history. Locks: functions are replaced, new tables; SHARE UPDATE EXCLUSIVE on endpoints and
-- idempotency_keys for their settings, which stops no traffic. Duration: under 100 ms.

-- 1 Partitions -------------------------------------------------------------------------------------
-- The partitions of one day (UTC) for every table of the schema that is partitioned by range of one
-- uuid: a new such table needs no line here. Made beside and then attached, which locks the parent
-- against other ALTERs only. Each has row level security of its own and no grants, so that it
-- cannot be read around its parent. Answers how many it made.
create function make_day_partitions(day date) returns integer language plpgsql as $$
declare
  parent text;
  child text;
  made integer := 0;
begin
  -- One at a time: processes that start together would collide on the names.
  perform pg_advisory_xact_lock(hashtext('opsforge.make_partitions'));
  for parent in
    select c.relname
    from pg_partitioned_table p
      join pg_class c on c.oid = p.partrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
    where n.nspname = current_schema() and p.partstrat = 'r' and p.partnatts = 1
      and a.atttypid = 'uuid'::regtype and not c.relispartition
    order by c.relname
  loop
    child := parent || to_char(day, '_YYYYMMDD');
    continue when to_regclass(format('%I.%I', current_schema(), child)) is not null;
    execute format('create table %I.%I (like %1$I.%3$I including all)', current_schema(), child, parent);
    execute format('alter table %I.%I enable row level security, force row level security',
      current_schema(), child);
    execute format('alter table %I.%I attach partition %1$I.%3$I for values from (%4$L) to (%5$L)',
      current_schema(), parent, child,
      uuid_at(day::timestamp at time zone 'UTC'), uuid_at((day + 1)::timestamp at time zone 'UTC'));
    made := made + 1;
  end loop;
  return made;
end
$$;
revoke execute on function make_day_partitions(date) from public;

create or replace function make_partitions(first_day date, days integer) returns integer
  language sql as $$
  select coalesce(sum(make_day_partitions(first_day + offset_days)), 0)::integer
  from generate_series(0, days - 1) offset_days
$$;

-- The way for the roles that accept and record when a day is missing: they may make the tables of
-- the days around today and nothing else. Runs as the owner, so its names are looked up in this
-- schema alone, a caller's temporary tables last.
create function make_partitions_of(day date) returns integer
  language plpgsql security definer set lock_timeout = '2s' as $$
declare
  today date := (now() at time zone 'UTC')::date;
begin
  if day is null or day < today - 2 or day > today + 15 then
    raise invalid_parameter_value using message = 'the day is not one of those around today';
  end if;
  return make_day_partitions(day);
end
$$;
revoke execute on function make_partitions_of(date) from public;
grant execute on function make_partitions_of(date) to opsforge_ingest, opsforge_worker;
do $$
begin
  execute format('alter function make_partitions_of(date) set search_path = %I, pg_temp',
    current_schema());
end
$$;

-- 2 Rollups of deliveries --------------------------------------------------------------------------
-- Recording appends one row for each endpoint and minute of its batch (an upsert there costs a
-- quarter of the throughput); folding deletes them into the rollups. No key and no index: only ever
-- read as a whole.
create table delivery_stats_deltas (
  tenant_id uuid not null,
  project_id uuid not null,
  endpoint_id uuid not null,
  minute timestamptz not null,
  delivered integer not null,
  failed integer not null,
  attempts integer not null,
  attempts_failed integer not null,
  -- Of each attempt that was answered, of each delivery that was delivered; null for none.
  answers_ms integer[],
  latencies_ms integer[]
) with (
  -- Every row dies within seconds: vacuumed often, so that the file stays small; never for inserts
  -- alone; and its empty pages are kept, since giving them back locks out whoever appends.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0,
  vacuum_truncate = false
);

-- The counts stand for the ranges between src/domain/latency-histogram.ts' bounds. A row is written
-- again by every fold of its minute or hour: room for it on its own page keeps that HOT.
create table delivery_stats_minute (
  tenant_id uuid not null,
  project_id uuid not null,
  endpoint_id uuid not null,
  bucket timestamptz not null,
  delivered integer not null,
  failed integer not null,
  attempts integer not null,
  attempts_failed integer not null,
  answer_counts integer[] not null,
  latency_counts integer[] not null,
  primary key (tenant_id, endpoint_id, bucket)
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 5000
);
create index delivery_stats_minute_bucket_idx on delivery_stats_minute (bucket);
create table delivery_stats_hour (like delivery_stats_minute including all) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 5000
);

-- Adds up two lists of counts, place by place.
create function add_counts(a integer[], b integer[]) returns integer[]
  language sql immutable parallel safe
  return (select array_agg(coalesce(x, 0) + coalesce(y, 0) order by n)
    from unnest(a, b) with ordinality as pair (x, y, n));

do $$
declare
  name text;
begin
  foreach name in array array['delivery_stats_deltas', 'delivery_stats_minute', 'delivery_stats_hour'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format('create policy worker on %I to opsforge_worker using (true) with check (true)', name);
  end loop;
  foreach name in array array['delivery_stats_minute', 'delivery_stats_hour'] loop
    execute format(
      'create policy tenant on %I for select to opsforge_app
         using (tenant_id = (select current_tenant()))', name);
  end loop;
end
$$;
grant select on delivery_stats_minute, delivery_stats_hour to opsforge_app;
grant select, insert, delete on delivery_stats_deltas to opsforge_worker;
grant select, insert, update, delete on delivery_stats_minute, delivery_stats_hour to opsforge_worker;

-- 3 Autovacuum -------------------------------------------------------------------------------------
-- Trimmed each hour by a twenty-fifth: the default fifth would let five hours of dead rows lie.
alter table idempotency_keys set (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 10000
);
-- Few and wide rows, written again when their state changes: no changing column is indexed, so with
-- room on the page every such update is HOT and touches no index.
alter table endpoints set (fillfactor = 80);

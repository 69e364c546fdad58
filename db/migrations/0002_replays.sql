-- 0002 replays: sending again, as durable jobs.
--
-- Why: a replay must go on after a restart where it stood, make each delivery once, and its
-- deliveries must be found by their event, whose millisecond their ids do not carry.
-- Locks: new objects; the two indexes hold back writes to delivery_queue and deliveries while they
-- are built. Duration: one read of deliveries (nothing is in the indexes yet), else under 100 ms.

create table replays (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  endpoint_id uuid,
  -- What is sent again: ended deliveries of a status (null: of any), or what was never made.
  match_status text check (match_status in ('failed', 'cancelled', 'delivered', 'missing')),
  match_type text,
  since timestamptz not null,
  until timestamptz not null,
  rate_per_second integer check (rate_per_second > 0),
  dry_run boolean not null,
  status text not null default 'running' check (status in ('running', 'done', 'cancelled')),
  phase text not null default 'counting' check (phase in ('counting', 'creating', 'settling')),
  -- Ids of deliveries, or of events for what is missing: from_id <= cursor_id < before_id, and
  -- everything up to cursor_id is dealt with. before_id never moves: nothing made later is matched.
  from_id uuid not null,
  cursor_id uuid not null,
  before_id uuid not null,
  next_page_at timestamptz not null,
  matched bigint not null default 0,
  created bigint not null default 0,
  -- Of a replay that is done; before that they are counted when asked for.
  delivered bigint,
  failed bigint,
  api_key_id uuid,
  created_at timestamptz not null,
  completed_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);
create index replays_running_idx on replays (next_page_at) where status = 'running';

-- What replays made, by event. The key is also the promise: one delivery of an event to an endpoint
-- in one replay, whatever happens. `id` is the delivery's; `source_id` the delivery that it repeats,
-- null where there was none. Partitioned by the event, so that it goes when the event goes.
create table replay_deliveries (
  tenant_id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  replay_id uuid not null,
  id uuid not null,
  source_id uuid,
  primary key (tenant_id, event_id, endpoint_id, replay_id)
) partition by range (event_id);

create index delivery_queue_replay_idx on delivery_queue (tenant_id, replay_id, id)
  where replay_id is not null;
create index deliveries_replay_idx on deliveries (tenant_id, replay_id, id) include (status)
  where replay_id is not null;

-- As in 0001, with replay_deliveries.
create or replace function make_partitions(first_day date, days integer) returns integer
  language plpgsql as $$
declare
  parent text;
  day date;
  child text;
  made integer := 0;
begin
  -- One at a time: processes that start together would collide on the names.
  perform pg_advisory_xact_lock(hashtext('opsforge.make_partitions'));
  foreach parent in array array['webhook_events', 'deliveries', 'delivery_attempts', 'monitor_logs',
    'replay_deliveries'] loop
    for offset_days in 0..days - 1 loop
      day := first_day + offset_days;
      child := parent || to_char(day, '_YYYYMMDD');
      continue when to_regclass(quote_ident(child)) is not null;
      execute format(
        'create table %I partition of %I for values from (%L) to (%L)', child, parent,
        uuid_at(day::timestamp at time zone 'UTC'), uuid_at((day + 1)::timestamp at time zone 'UTC'));
      execute format('alter table %I enable row level security, force row level security', child);
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$$;
-- Every day of events that there is may be replayed.
select make_partitions(first_day, (now() at time zone 'UTC')::date + 15 - first_day)
from (
  select min(to_date(right(c.relname, 8), 'YYYYMMDD')) as first_day
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'webhook_events'::regclass
) days
where first_day is not null;

do $$
declare
  name text;
begin
  foreach name in array array['replays', 'replay_deliveries'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant on %I to opsforge_app using (tenant_id = (select current_tenant()))
         with check (tenant_id = (select current_tenant()))', name);
  end loop;
end
$$;
create policy worker_read on replays for select to opsforge_worker using (true);

grant select, insert, update on replays to opsforge_app;
grant select, insert on replay_deliveries to opsforge_app;
-- The loop looks for what is due; each page is then made as the tenant's own.
grant select (id, tenant_id, status, next_page_at) on replays to opsforge_worker;

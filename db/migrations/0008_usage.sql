-- 0008 usage: what each project uses a day, and what a tenant may use.
--
-- Why: usage must be known without reading history, and a quota must be able to end it. Counting
-- begins here: what was accepted before is not in it.
-- Locks: new objects only. Duration: under 100 ms.

-- Accepting appends one row for each project of its group; folding deletes them into the days. As
-- delivery_stats_deltas, whose settings say why.
create table usage_deltas (
  tenant_id uuid not null,
  project_id uuid not null,
  day date not null,
  events integer not null,
  bytes bigint not null
) with (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0,
  vacuum_truncate = false
);

-- Days are of UTC. `bytes` are those of payloads, as they came.
create table usage_days (
  tenant_id uuid not null,
  project_id uuid not null,
  day date not null,
  events bigint not null default 0,
  bytes bigint not null default 0,
  deliveries bigint not null default 0,
  attempts bigint not null default 0,
  primary key (tenant_id, project_id, day)
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 5000
);
create index usage_days_day_idx on usage_days (day);

-- No row, or null: no quota. What was warned of is not warned of again.
create table tenant_quotas (
  tenant_id uuid primary key references tenants (id),
  events_per_month bigint check (events_per_month > 0),
  stored_bytes bigint check (stored_bytes > 0),
  events_warned_month date,
  bytes_warned_at timestamptz,
  updated_at timestamptz not null default now()
);

do $$
declare
  name text;
begin
  foreach name in array array['usage_deltas', 'usage_days', 'tenant_quotas'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format('create policy worker on %I to opsforge_worker using (true) with check (true)', name);
  end loop;
end
$$;
create policy ingest on usage_deltas for insert to opsforge_ingest
  with check (tenant_id = any ((select current_tenants())::uuid[]));
create policy tenant on usage_days for select to opsforge_app
  using (tenant_id = (select current_tenant()));
create policy tenant on tenant_quotas to opsforge_app
  using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

grant insert on usage_deltas to opsforge_ingest;
grant select, delete on usage_deltas to opsforge_worker;
grant select, insert, update, delete on usage_days to opsforge_worker;
grant select on usage_days to opsforge_app;
grant select, insert, update on tenant_quotas to opsforge_app;
grant select, update on tenant_quotas to opsforge_worker;

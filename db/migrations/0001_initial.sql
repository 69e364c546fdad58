-- 0001 initial: everything the main job stands on.
--
-- Why: tenants, projects, endpoints, events, deliveries, their attempts; row level security as the last
-- wall between tenants. Locks: new objects only. Duration: under 100 ms.
-- Order of this file: 1 roles, 2 functions, 3 tables, 4 partitions, 5 row level security, 6 grants.
-- Figures behind keys and indexes stand in docs/decisions/0003-tables.md.

-- 1 Roles ------------------------------------------------------------------------------------------
-- They belong to the whole cluster: another database of it may have them already, or make them now.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['opsforge_app', 'opsforge_lookup', 'opsforge_ingest', 'opsforge_worker'] loop
    begin
      execute format('create role %I nologin nosuperuser nobypassrls noinherit', role_name);
    exception
      when duplicate_object or unique_violation then null;
    end;
    -- The administrator is a member, so that it can act as each of them (and hand them to a login).
    begin
      execute format('grant %I to current_user', role_name);
    exception
      when insufficient_privilege then
        if not pg_has_role(current_user, role_name, 'member') then raise; end if;
    end;
    execute format('grant usage on schema %I to %I', current_schema(), role_name);
  end loop;
end
$$;

-- 2 Functions --------------------------------------------------------------------------------------
-- The smallest UUIDv7 of a time. `::bigint` alone rounds, hence floor.
create function uuid_at(moment timestamptz) returns uuid
  language sql immutable strict parallel safe
  return (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- The tenant of this transaction, or null. After its first transaction a pooled session has the
-- setting as '' and not as null: a bare cast would then raise an error instead of showing no rows.
create function current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

-- The tenants of an accept batch (role opsforge_ingest), or null.
create function current_tenants() returns uuid[]
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_ids', true), '')::uuid[];

-- 3 Tables -----------------------------------------------------------------------------------------
-- One row: which installation key the secrets of this database are encrypted with.
create table installation (
  singleton boolean primary key default true check (singleton),
  secret_key_id text not null,
  created_at timestamptz not null default now()
);

create table tenants (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  slug text not null unique,
  created_at timestamptz not null default now()
);

create table projects (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  name text not null check (length(name) between 1 and 200),
  slug text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id)
);
create unique index projects_slug_idx on projects (tenant_id, slug) where deleted_at is null;

create table api_keys (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid,
  name text not null check (length(name) between 1 and 200),
  key_hash bytea not null unique,
  key_hint text not null,
  scopes text[] not null,
  rate_limit_per_second integer check (rate_limit_per_second > 0),
  expires_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

create table endpoints (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  url text not null,
  description text not null default '',
  event_types text[] not null default '{}',
  filter json,
  headers_encrypted bytea,
  timeout_ms integer not null,
  rate_limit_per_second integer check (rate_limit_per_second > 0),
  max_in_flight integer not null,
  ordered boolean not null default false,
  retry_schedule integer[] not null,
  signing text not null default 'hmac' check (signing in ('hmac', 'ed25519')),
  status text not null default 'active' check (status in ('active', 'paused', 'disabled')),
  status_reason text,
  -- Which of the 64 shards leads it: the last byte of an id is random.
  shard smallint not null generated always as (get_byte(uuid_send(id), 15) & 63) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);
create index endpoints_shard_idx on endpoints (shard, id) where deleted_at is null;

create table endpoint_secrets (
  id uuid not null,
  tenant_id uuid not null,
  endpoint_id uuid not null,
  kind text not null default 'hmac' check (kind in ('hmac', 'ed25519')),
  secret_encrypted bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  primary key (tenant_id, endpoint_id, id),
  foreign key (tenant_id, endpoint_id) references endpoints (tenant_id, id)
);

-- No foreign keys on what follows down to monitors: one on every row halves ingest, and a partition
-- that is referenced cannot be dropped. The trigger on delivery_queue keeps tenant, project and
-- endpoint together; endpoints and projects are deleted softly.
create table webhook_events (
  id uuid not null,
  tenant_id uuid not null,
  project_id uuid not null,
  type text not null,
  -- Text and never jsonb: receivers get the very bytes that were posted.
  payload text not null,
  ordering_key text,
  metadata json,
  hops smallint not null default 0,
  api_key_id uuid,
  received_at timestamptz not null default now(),
  primary key (tenant_id, id)
) partition by range (id);

-- Pending deliveries only: small whatever the history. `position` is the order of ordered endpoints:
-- ids carry a client's time and cannot say what was committed first.
create sequence delivery_positions cache 1;
create table delivery_queue (
  id uuid not null,
  tenant_id uuid not null,
  project_id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  event_type text not null,
  ordering_key text,
  position bigint,
  attempts smallint not null default 0,
  next_attempt_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  last_status_code smallint,
  last_error text,
  replay_id uuid,
  -- One attempt asked for by a person after the delivery had ended: not listed, not counted.
  manual boolean not null default false,
  primary key (tenant_id, id)
) with (
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0
);
create index delivery_queue_due_idx on delivery_queue (endpoint_id, next_attempt_at, id);
create index delivery_queue_endpoint_idx on delivery_queue (tenant_id, endpoint_id, id);

create function check_delivery_endpoints() returns trigger language plpgsql as $$
begin
  if exists (
    select from new_rows n
    where not exists (
      select from endpoints e
      where e.tenant_id = n.tenant_id and e.id = n.endpoint_id and e.project_id = n.project_id
    )
  ) then
    raise foreign_key_violation
      using message = 'an endpoint is not of this tenant and project';
  end if;
  return null;
end
$$;
create trigger check_delivery_queue after insert on delivery_queue
  referencing new table as new_rows for each statement execute function check_delivery_endpoints();

-- Ended deliveries: inserted once, when a delivery ends.
create table deliveries (
  id uuid not null,
  tenant_id uuid not null,
  project_id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  event_type text not null,
  status text not null check (status in ('delivered', 'failed', 'cancelled')),
  reason text,
  attempts smallint not null,
  created_at timestamptz not null,
  completed_at timestamptz not null,
  last_status_code smallint,
  last_error text,
  replay_id uuid,
  primary key (tenant_id, id)
) partition by range (id);
-- What comes for a disabled endpoint is recorded as cancelled by the accept batch itself.
create trigger check_deliveries after insert on deliveries
  referencing new table as new_rows for each statement
  when (current_user = 'opsforge_ingest') execute function check_delivery_endpoints();
create index deliveries_endpoint_idx on deliveries (tenant_id, endpoint_id, id);
create index deliveries_not_delivered_idx on deliveries (tenant_id, id) where status <> 'delivered';

-- By delivery and own id: a superseded leader's attempt has the number of its successor's.
create table delivery_attempts (
  tenant_id uuid not null,
  delivery_id uuid not null,
  id uuid not null,
  attempt smallint not null,
  outcome text not null check (outcome in ('delivered', 'failed', 'superseded')),
  started_at timestamptz not null,
  duration_ms integer not null,
  dns_ms real,
  connect_ms real,
  tls_ms real,
  first_byte_ms real,
  status_code smallint,
  error_code text,
  error_message text,
  request_headers json not null,
  response_headers json,
  response_body text,
  remote_address text,
  worker text not null,
  primary key (tenant_id, delivery_id, id)
) partition by range (delivery_id);

-- What must not be accepted twice. `scope_id` is the project for an Idempotency-Key (24 h) and the
-- tenant for an id that a client chose (25 h: an id may carry a time from 24 h ago to 5 min ahead).
create table idempotency_keys (
  scope_id uuid not null,
  key text not null,
  tenant_id uuid not null,
  project_id uuid not null,
  event_id uuid not null,
  fingerprint bytea not null,
  deliveries integer not null,
  created_at timestamptz not null default now(),
  primary key (scope_id, key)
);
create index idempotency_keys_created_at_idx on idempotency_keys (created_at);

create table workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  region text not null,
  version text not null,
  shards_led smallint not null default 0,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

create table monitors (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  name text not null,
  kind text not null check (kind in ('http', 'tcp', 'dns', 'tls', 'heartbeat')),
  settings json not null,
  interval_seconds integer not null,
  timeout_ms integer not null,
  status text not null default 'pending'
    check (status in ('pending', 'up', 'degraded', 'down', 'paused', 'maintenance')),
  status_since timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

create table monitor_logs (
  id uuid not null,
  tenant_id uuid not null,
  monitor_id uuid not null,
  started_at timestamptz not null,
  outcome text not null check (outcome in ('up', 'degraded', 'down')),
  duration_ms integer not null,
  dns_ms real,
  connect_ms real,
  tls_ms real,
  first_byte_ms real,
  status_code smallint,
  error_code text,
  error_message text,
  region text not null,
  primary key (tenant_id, monitor_id, id)
) partition by range (id);

-- 4 Partitions -------------------------------------------------------------------------------------
-- Makes the missing day partitions of `days` days from `first_day` (UTC) and answers how many. Each
-- has row level security of its own and no grants, so that it cannot be read around its parent.
create function make_partitions(first_day date, days integer) returns integer language plpgsql as $$
declare
  parent text;
  day date;
  child text;
  made integer := 0;
begin
  -- One at a time: processes that start together would collide on the names.
  perform pg_advisory_xact_lock(hashtext('opsforge.make_partitions'));
  foreach parent in array array['webhook_events', 'deliveries', 'delivery_attempts', 'monitor_logs'] loop
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
revoke execute on function make_partitions(date, integer) from public;
-- Client ids reach back 24 h, so yesterday's and the day before's are wanted too.
select make_partitions(((now() at time zone 'UTC')::date - 2), 17);

-- 5 Row level security -----------------------------------------------------------------------------
-- The sub-select makes the setting an init plan: read once a statement, not once a row.
do $$
declare
  name text;
begin
  foreach name in array array['projects', 'api_keys', 'endpoints', 'endpoint_secrets', 'webhook_events',
    'delivery_queue', 'deliveries', 'delivery_attempts', 'idempotency_keys', 'monitors', 'monitor_logs'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant on %I to opsforge_app using (tenant_id = (select current_tenant()))
         with check (tenant_id = (select current_tenant()))', name);
  end loop;
end
$$;
alter table tenants enable row level security, force row level security;
create policy tenant on tenants to opsforge_app
  using (id = (select current_tenant())) with check (id = (select current_tenant()));

create policy lookup on tenants for select to opsforge_lookup using (true);
create policy lookup on api_keys for select to opsforge_lookup using (true);

create policy ingest on endpoints for select to opsforge_ingest
  using (tenant_id = any ((select current_tenants())::uuid[]));
create policy ingest on webhook_events for insert to opsforge_ingest
  with check (tenant_id = any ((select current_tenants())::uuid[]));
create policy ingest on delivery_queue for insert to opsforge_ingest
  with check (tenant_id = any ((select current_tenants())::uuid[]));
create policy ingest on deliveries for insert to opsforge_ingest
  with check (tenant_id = any ((select current_tenants())::uuid[]) and status = 'cancelled');
create policy ingest on idempotency_keys to opsforge_ingest
  using (tenant_id = any ((select current_tenants())::uuid[]))
  with check (tenant_id = any ((select current_tenants())::uuid[]));

create policy worker_read on endpoints for select to opsforge_worker using (true);
create policy worker_update on endpoints for update to opsforge_worker using (true) with check (true);
create policy worker_read on endpoint_secrets for select to opsforge_worker using (true);
create policy worker_read on webhook_events for select to opsforge_worker using (true);
create policy worker on delivery_queue to opsforge_worker using (true) with check (true);
create policy worker on deliveries to opsforge_worker using (true) with check (true);
create policy worker_insert on delivery_attempts for insert to opsforge_worker with check (true);
create policy worker_read on idempotency_keys for select to opsforge_worker using (true);
create policy worker_delete on idempotency_keys for delete to opsforge_worker using (true);

-- 6 Grants -----------------------------------------------------------------------------------------
grant select, insert, update on tenants, projects, api_keys, endpoints, monitors to opsforge_app;
grant select, insert, update, delete on endpoint_secrets, delivery_queue to opsforge_app;
grant select, insert on webhook_events to opsforge_app;
grant select, insert, update on deliveries to opsforge_app;
grant select on delivery_attempts, monitor_logs to opsforge_app;
grant usage on sequence delivery_positions to opsforge_app, opsforge_ingest;

grant select (id, slug) on tenants to opsforge_lookup;
-- /readyz asks whether the schema is current.
grant select on schema_migrations to opsforge_lookup;
grant select (id, tenant_id, project_id, key_hash, scopes, rate_limit_per_second, expires_at, revoked_at)
  on api_keys to opsforge_lookup;

grant select (id, project_id, tenant_id) on endpoints to opsforge_ingest;
grant insert on webhook_events, delivery_queue, deliveries to opsforge_ingest;
grant select, insert, update, delete on idempotency_keys to opsforge_ingest;

grant select on endpoints, endpoint_secrets, webhook_events to opsforge_worker;
grant update (status, status_reason, updated_at) on endpoints to opsforge_worker;
grant select, update, delete on delivery_queue to opsforge_worker;
grant select, insert, update on deliveries to opsforge_worker;
grant insert on delivery_attempts to opsforge_worker;
grant select, delete on idempotency_keys to opsforge_worker;
grant select, insert, update, delete on workers to opsforge_worker;

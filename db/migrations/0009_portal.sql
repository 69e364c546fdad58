-- 0009 portal: a tenant's own customers see and manage their endpoints.
--
-- Why: a link shows one customer its endpoints and their deliveries, and nothing else. The wall
-- around it is a role of its own: what it may touch is named here, so that a query that was not
-- thought of is refused, and plans and cost of every other request stay as they are.
-- Locks: access exclusive on endpoints for the new column (no rewrite), and on audit_log while its
-- actors are checked once more. Duration: under 100 ms, the index over endpoints that have a
-- customer, of which there are none yet, and 0.1 s a million entries of the audit log.

do $$
begin
  begin
    create role opsforge_portal nologin nosuperuser nobypassrls noinherit;
  exception
    when duplicate_object or unique_violation then null;
  end;
  begin
    grant opsforge_portal to current_user;
  exception
    when insufficient_privilege then
      if not pg_has_role(current_user, 'opsforge_portal', 'member') then raise; end if;
  end;
  execute format('grant usage on schema %I to opsforge_portal', current_schema());
end
$$;

-- Whom an endpoint belongs to, in the tenant's own words.
alter table endpoints add column customer text check (length(customer) between 1 and 128);
create index endpoints_customer_idx on endpoints (tenant_id, project_id, customer, id)
  where customer is not null;

create table portal_links (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  customer text not null check (length(customer) between 1 and 128),
  token_hash bytea not null unique,
  may_write boolean not null,
  -- What endpoints that are made through it get; null: every event.
  event_filter json,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

create table portal_settings (
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  name text check (length(name) between 1 and 200),
  color text check (color ~ '^#[0-9a-f]{6}$'),
  dark_color text check (dark_color ~ '^#[0-9a-f]{6}$'),
  frame_origins text[] not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (tenant_id, project_id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

do $$
declare
  name text;
begin
  foreach name in array array['portal_links', 'portal_settings'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant on %I to opsforge_app using (tenant_id = (select current_tenant()))
         with check (tenant_id = (select current_tenant()))', name);
  end loop;
end
$$;
create policy lookup on portal_links for select to opsforge_lookup using (true);
grant select, insert, update on portal_links, portal_settings to opsforge_app;
grant select (id, tenant_id, project_id, customer, token_hash, may_write, event_filter, expires_at,
  revoked_at) on portal_links to opsforge_lookup;

-- The customer of this transaction: all three, or nothing is seen.
create function current_portal_project() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.portal_project_id', true), '')::uuid;
create function current_portal_customer() returns text
  language sql stable parallel safe
  return nullif(current_setting('app.portal_customer', true), '');

create policy portal on endpoints to opsforge_portal
  using (tenant_id = (select current_tenant())
    and project_id = (select current_portal_project())
    and customer = (select current_portal_customer()))
  with check (tenant_id = (select current_tenant())
    and project_id = (select current_portal_project())
    and customer = (select current_portal_customer()));

-- The list of endpoints is itself read through the policy above, once a statement.
do $$
declare
  name text;
begin
  foreach name in array array['endpoint_secrets', 'delivery_queue', 'deliveries',
    'replay_deliveries', 'delivery_stats_minute', 'delivery_stats_hour'] loop
    execute format(
      'create policy portal on %I to opsforge_portal
         using (tenant_id = (select current_tenant())
           and endpoint_id = any (array(select e.id from endpoints e)))
         with check (tenant_id = (select current_tenant())
           and endpoint_id = any (array(select e.id from endpoints e)))', name);
  end loop;
end
$$;
create policy portal on delivery_attempts for select to opsforge_portal
  using (tenant_id = (select current_tenant()) and (
    exists (select from delivery_queue q
      where q.tenant_id = delivery_attempts.tenant_id and q.id = delivery_attempts.delivery_id)
    or exists (select from deliveries d
      where d.tenant_id = delivery_attempts.tenant_id and d.id = delivery_attempts.delivery_id)));
-- A test event, to write and never to read.
create policy portal on webhook_events for insert to opsforge_portal
  with check (tenant_id = (select current_tenant())
    and project_id = (select current_portal_project()) and type = 'opsforge.test');
-- To be locked while an endpoint is put into it, and never to be changed.
create policy portal on projects for select to opsforge_portal
  using (tenant_id = (select current_tenant()) and id = (select current_portal_project()));
create policy portal_lock on projects for update to opsforge_portal
  using (tenant_id = (select current_tenant()) and id = (select current_portal_project()))
  with check (false);

-- What a customer does is on the tenant's record, in the customer's own name; none can read it.
alter table audit_log drop constraint audit_log_actor_kind_check,
  add constraint audit_log_actor_kind_check
    check (actor_kind in ('api_key', 'member', 'portal', 'operator', 'system'));
create policy portal on audit_log for insert to opsforge_portal
  with check (tenant_id = (select current_tenant())
    and project_id = (select current_portal_project())
    and actor_kind = 'portal' and actor_label = (select current_portal_customer()));

grant insert on audit_log to opsforge_portal;
grant select, insert on endpoints to opsforge_portal;
-- All but whose it is and which events it gets.
grant update (url, description, event_types, headers_encrypted, auth_encrypted, timeout_ms,
  rate_limit_per_second, max_in_flight, ordered, retry_schedule, signing, status, status_reason,
  updated_at, deleted_at, failing_since, paused_until, pause_reason, resumed_at)
  on endpoints to opsforge_portal;
grant select, insert, update, delete on endpoint_secrets, delivery_queue to opsforge_portal;
grant select, insert on deliveries to opsforge_portal;
grant select on delivery_attempts, replay_deliveries, delivery_stats_minute, delivery_stats_hour
  to opsforge_portal;
grant insert on webhook_events to opsforge_portal;
grant select, update (deleted_at) on projects to opsforge_portal;

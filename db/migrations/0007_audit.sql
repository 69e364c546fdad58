-- 0007 audit: who changed what, from where, with before and after.
--
-- Why: whoever runs a tenant must be able to say who turned an endpoint off, months later.
-- Locks: new objects only. Duration: under 100 ms.

create table audit_log (
  -- A UUIDv7 of `at`: newest first is by id.
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('api_key', 'member', 'operator', 'system')),
  -- Of the key or the person, null for the other two. The label is what they were called then.
  actor_id uuid,
  actor_label text not null,
  -- The first word is the kind of the target.
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
  target_id uuid not null,
  target_label text not null,
  project_id uuid,
  -- Only the fields that changed, secrets masked; null where there is no before or no after.
  before json,
  after json,
  request_id text,
  remote_address text,
  primary key (tenant_id, id)
);
create index audit_log_target_idx on audit_log (tenant_id, target_id, id);
create index audit_log_actor_idx on audit_log (tenant_id, actor_id, id);
create index audit_log_project_idx on audit_log (tenant_id, project_id, id);
-- For retention, which knows no tenant.
create index audit_log_at_idx on audit_log (at);

-- Append-only: nobody may change an entry, requests may not delete one, and the loops only those
-- that are past their time. The term stands here and not in the query alone, so that no defect of a
-- loop can shorten it.
alter table audit_log enable row level security, force row level security;
create policy tenant on audit_log to opsforge_app
  using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy worker_insert on audit_log for insert to opsforge_worker
  with check (actor_kind = 'system');
create policy worker_trim on audit_log for select to opsforge_worker
  using (at < now() - interval '400 days');
create policy worker_delete on audit_log for delete to opsforge_worker
  using (at < now() - interval '400 days');

grant select, insert on audit_log to opsforge_app;
grant select, insert, delete on audit_log to opsforge_worker;

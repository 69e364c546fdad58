-- 0005 signing: public keys that anybody may look up, credentials for receivers, sources.
--
-- Why: endpoints that sign with ed25519 publish their public keys, receivers may want a token or a
-- client certificate, and outside senders' signed webhooks become events.
-- Locks: access exclusive on endpoints and endpoint_secrets for the new columns (no rewrite).
-- Duration: a scan of endpoint_secrets for the check, under 100 ms for 100 k rows.

-- Plain text, so that the look-up role reads public keys without ever seeing a sealed secret.
alter table endpoint_secrets add column public_key text;
alter table endpoint_secrets add constraint endpoint_secrets_public_key_check
  check ((kind = 'ed25519') = (public_key is not null));
create index endpoint_secrets_public_idx on endpoint_secrets (endpoint_id) where public_key is not null;

-- How opsforge shows itself to the receiver: a token, a password or a client certificate. Sealed.
alter table endpoints add column auth_encrypted bytea;

create table sources (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  project_id uuid not null,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in
    ('alertmanager', 'github', 'gitlab', 'hmac', 'shopify', 'slack', 'standard', 'stripe',
     'twilio')),
  event_type text,
  settings json not null default '{}',
  -- A list: the current secret and those that are still valid after a change. Sealed as one.
  secrets_encrypted bytea not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);
create unique index sources_id_idx on sources (id);

alter table sources enable row level security, force row level security;
create policy tenant on sources to opsforge_app
  using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy lookup on sources for select to opsforge_lookup using (true);
create policy lookup on endpoint_secrets for select to opsforge_lookup
  using (public_key is not null);

grant select, insert, update on sources to opsforge_app;
grant select (id, tenant_id) on sources to opsforge_lookup;
grant select (id, endpoint_id, public_key, created_at, expires_at)
  on endpoint_secrets to opsforge_lookup;

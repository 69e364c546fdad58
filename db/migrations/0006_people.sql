-- 0006 people: who signs in, which tenants they belong to, and the role that may write it.
--
-- Why: pages and the API are used by people beside keys. What identifies somebody belongs to no
-- tenant, so requests (opsforge_app) have no grant on it; they see the names of their own members.
-- Locks: access exclusive on nothing that exists; new objects only. Duration: under 50 ms.
-- The choices stand in docs/decisions/0014-identity.md.

-- As in 0001: roles belong to the whole cluster, so it may be here already.
do $$
begin
  begin
    create role opsforge_accounts nologin nosuperuser nobypassrls noinherit;
  exception
    when duplicate_object or unique_violation then null;
  end;
  begin
    grant opsforge_accounts to current_user;
  exception
    when insufficient_privilege then
      if not pg_has_role(current_user, 'opsforge_accounts', 'member') then raise; end if;
  end;
  execute format('grant usage on schema %I to opsforge_accounts', current_schema());
end
$$;

create table users (
  id uuid primary key,
  email text not null unique check (email = lower(email) and length(email) between 3 and 254),
  name text not null check (length(name) between 1 and 200),
  -- Null: this person signs in by single sign-on alone.
  password_hash text,
  password_changed_at timestamptz,
  -- When the installation learned that the address is this person's: by a mail that was answered,
  -- by single sign-on, or from the operator.
  email_verified_at timestamptz,
  -- Sealed; asked for at sign-in once it is confirmed.
  totp_secret_encrypted bytea,
  totp_confirmed_at timestamptz,
  -- Of the last code that was taken: no code counts twice.
  totp_last_step bigint,
  created_at timestamptz not null default now()
);

-- Who somebody is at a provider of single sign-on.
create table user_identities (
  issuer text not null,
  subject text not null,
  user_id uuid not null references users (id),
  created_at timestamptz not null default now(),
  primary key (issuer, subject)
);
create index user_identities_user_idx on user_identities (user_id);

create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id),
  token_hash bytea not null unique,
  remote_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_user_idx on sessions (user_id, id);
create index sessions_expires_at_idx on sessions (expires_at);

create table memberships (
  tenant_id uuid not null references tenants (id),
  user_id uuid not null references users (id),
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
create index memberships_user_idx on memberships (user_id);

create table invitations (
  id uuid not null,
  tenant_id uuid not null references tenants (id),
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  token_hash bytea not null unique,
  invited_by uuid references users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index invitations_email_idx on invitations (tenant_id, email);

create table one_time_tokens (
  token_hash bytea primary key,
  purpose text not null check (purpose in ('sign_up', 'reset_password')),
  user_id uuid references users (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check ((purpose = 'sign_up') = (user_id is null))
);
create index one_time_tokens_user_idx on one_time_tokens (user_id);

create table recovery_codes (
  user_id uuid not null references users (id),
  code_hash bytea not null,
  primary key (user_id, code_hash)
);

-- How often something was tried within its window; `key` holds no address and no e-mail in clear.
create table sign_in_throttles (
  key text primary key,
  attempts integer not null,
  expires_at timestamptz not null
);
create index sign_in_throttles_expires_at_idx on sign_in_throttles (expires_at);

-- Row level security -------------------------------------------------------------------------------
do $$
declare
  name text;
begin
  foreach name in array array['memberships', 'invitations'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant on %I to opsforge_app using (tenant_id = (select current_tenant()))
         with check (tenant_id = (select current_tenant()))', name);
    execute format(
      'create policy accounts on %I to opsforge_accounts using (true) with check (true)', name);
  end loop;
end
$$;
-- A tenant sees of people its own members: the sub-select is under the policy of memberships.
alter table users enable row level security, force row level security;
create policy members on users for select to opsforge_app
  using (exists (select from memberships m where m.user_id = users.id));
create policy accounts on users to opsforge_accounts using (true) with check (true);

create policy lookup on users for select to opsforge_lookup using (true);
create policy lookup on memberships for select to opsforge_lookup using (true);
-- Who signs up makes a tenant and its first project in the same transaction.
create policy accounts_read on tenants for select to opsforge_accounts using (true);
create policy accounts_insert on tenants for insert to opsforge_accounts with check (true);
create policy accounts_insert on projects for insert to opsforge_accounts with check (true);

-- Grants -------------------------------------------------------------------------------------------
grant select, update (role), delete on memberships to opsforge_app;
grant select, insert, delete on invitations to opsforge_app;
grant select (id, email, name, totp_confirmed_at) on users to opsforge_app;

grant select, insert, update on users to opsforge_accounts;
grant select, insert on user_identities, memberships to opsforge_accounts;
grant select, insert, update, delete
  on sessions, one_time_tokens, recovery_codes, sign_in_throttles to opsforge_accounts;
grant select, delete on invitations to opsforge_accounts;
grant select (id, slug, name), insert on tenants to opsforge_accounts;
grant insert on projects to opsforge_accounts;

-- A session cookie becomes a person and the tenants that this person may ask for.
grant select (id, token_hash, user_id, last_seen_at, expires_at) on sessions to opsforge_lookup;
grant select (id, email, name) on users to opsforge_lookup;
grant select (tenant_id, user_id, role) on memberships to opsforge_lookup;
grant select (name) on tenants to opsforge_lookup;

-- 0011 source counts: how many messages of a source were taken and refused, by the hour, and why.
--
-- Why: whoever set a source up must see that its sender is refused: nothing of such a message is
-- stored. Processes add up in memory and write what came together (usecases/sources/
-- source-counts.ts), so that neither accepting nor a flood of bad signatures waits for a row here.
-- Locks: new objects only. Duration: under 100 ms.

-- `reason` is one of the service's own sentences, empty for what was taken.
create table source_counts (
  tenant_id uuid not null,
  source_id uuid not null,
  hour timestamptz not null,
  outcome text not null check (outcome in ('accepted', 'repeated', 'refused')),
  reason text not null default '',
  messages bigint not null,
  last_at timestamptz not null,
  primary key (tenant_id, source_id, hour, outcome, reason)
) with (
  fillfactor = 70
);
create index source_counts_hour_idx on source_counts (hour);

alter table source_counts enable row level security, force row level security;
create policy worker on source_counts to opsforge_worker using (true) with check (true);
create policy tenant on source_counts for select to opsforge_app
  using (tenant_id = (select current_tenant()));

grant select, insert, update, delete on source_counts to opsforge_worker;
grant select on source_counts to opsforge_app;

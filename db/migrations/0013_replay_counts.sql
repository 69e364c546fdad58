-- 0013 replay counts: what of a replay did not arrive, found without what did.
--
-- Why: while a replay of 300,000 deliveries ran, each page that shows it counted all of them from
-- deliveries_replay_idx, 120 to 215 ms a time. With this the few that failed or were cancelled are
-- counted, and the others are what is left of those that were made.
-- Locks: the index holds back writes to deliveries while it is built. Duration: one read of
-- deliveries, some 2 s for 10 million rows.

create index deliveries_replay_not_delivered_idx on deliveries (tenant_id, replay_id, status)
  where replay_id is not null and status <> 'delivered';

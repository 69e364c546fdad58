-- 0004 scheduling: what becomes of endpoints that fail, and the heads of ordered endpoints.
--
-- Why: a pause that the engine decides must be seen by people and outlive its leader; five days of
-- nothing but failure disable an endpoint; endpoints that listen to `opsforge.endpoint.*` get an event
-- in the transaction that changes the state. The heads of ordering keys are found by key.
-- Locks: access exclusive on endpoints for four columns without a default (no rewrite), share on
-- delivery_queue while its index is built. Duration: about 100 ms for each 100 k rows that wait.

-- `status` is what people and the rules of disabling say. A pause by the engine stands beside it and
-- ends by itself at `paused_until`; `resumed_at` is when people last lifted one.
alter table endpoints
  add column failing_since timestamptz,
  add column paused_until timestamptz,
  add column pause_reason text check (pause_reason in ('circuit_breaker', 'retry_after')),
  add column resumed_at timestamptz;

create index delivery_queue_order_idx on delivery_queue (endpoint_id, ordering_key, position)
  where position is not null;

grant update (failing_since, paused_until, pause_reason) on endpoints to opsforge_worker;

-- The loops make events of their own, and only those.
grant insert on webhook_events, delivery_queue to opsforge_worker;
grant usage on sequence delivery_positions to opsforge_worker;
create policy worker_insert on webhook_events for insert to opsforge_worker
  with check (starts_with(type, 'opsforge.'));
create policy worker_insert on delivery_queue as restrictive for insert to opsforge_worker
  with check (starts_with(event_type, 'opsforge.'));

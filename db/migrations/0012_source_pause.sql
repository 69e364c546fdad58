-- 0012 source pause: since when a source takes nothing, because people said so.
--
-- Why: whoever changes something at a sender wants its messages refused for a while, without losing
-- the address and the secret that were set up there.
-- Locks: access exclusive on sources for the new column (no rewrite). Duration: under 100 ms.

alter table sources add column paused_at timestamptz;

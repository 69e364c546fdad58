/** Leaders on real lock sessions, with a follower that only notes what it is told. */
import { newId, type WorkerId } from '../../src/domain/ids.ts';
import { openLockSession } from '../../src/repositories/shard-locks.ts';
import type { Deps } from '../../src/usecases/context.ts';
import { createWorkerRegister } from '../../src/usecases/workers/register-worker.ts';
import { createLeader, type Leader } from '../../src/workers/leader.ts';
import { eventually, quietLog } from './delivery-engine.ts';

export type TestLeader = {
  leader: Leader;
  /** What the follower believes to lead. */
  led: Set<number>;
  lost: number[][];
  /** From now on the lock session answers nothing. */
  hangSession(): void;
  /** While set, `drain` waits for it. */
  holdDrain(until: Promise<void> | null): void;
  busy: Set<number>;
  leadsSoon(count: number, timeoutMs?: number): Promise<void>;
};

export function startLeader(url: string, database: Deps['database']): TestLeader {
  const led = new Set<number>();
  const lost: number[][] = [];
  const busy = new Set<number>();
  let held: Promise<void> | null = null;
  let hanging = false;
  const leader = createLeader({
    async openSession(events) {
      const session = await openLockSession({ url, ...events });
      hanging = false;
      return {
        ...session,
        survey: () => (hanging ? new Promise<never>(() => {}) : session.survey()),
      };
    },
    follower: {
      gain(shards) {
        for (const shard of shards) {
          if (led.has(shard)) throw new Error(`shard ${shard} was led already`);
          led.add(shard);
        }
      },
      async drain(shards) {
        for (const shard of shards) led.delete(shard);
        await held;
      },
      lose(shards) {
        for (const shard of shards) led.delete(shard);
        lost.push([...shards]);
      },
      busyIn: (shard) => (busy.has(shard) ? 1 : 0),
    },
    register: createWorkerRegister(
      { database },
      {
        id: newId<WorkerId>(Date.now()),
        host: 'test',
        pid: process.pid,
        region: 'default',
        version: '1.2.3',
      },
    ),
    log: quietLog,
  });
  leader.start();
  return {
    leader,
    led,
    lost,
    busy,
    hangSession() {
      hanging = true;
    },
    holdDrain(until) {
      held = until;
    },
    async leadsSoon(count, timeoutMs = 5_000) {
      await eventually(
        () => led.size,
        (size) => size === count,
        timeoutMs,
      );
    },
  };
}

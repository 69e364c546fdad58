/**
 * Which shards this process leads: those whose advisory lock its one lock session holds. Leads
 * its fair share of the 64, gives surplus away once it is drained, and stops leading at the very
 * moment on which the session is lost or leaves a ping unanswered (it fences itself): the locks
 * may be another's already.
 *
 * | a shard is | locked | sent for | leaves by                                         |
 * | free       | no     | no       | locked here -> led                                |
 * | led        | yes    | yes      | surplus, stop -> leaving; session lost -> free    |
 * | leaving    | yes    | no       | drained, unlocked -> free; session lost -> free   |
 */
import { shardCount } from '../domain/dispatch/ready-delivery.ts';
import type { Log } from '../lib/log.ts';
import { Loop, within } from './loop.ts';

/** repositories/shard-locks.ts, by shape. */
export type LockSession = {
  survey(): Promise<{ live: number; taken: ReadonlySet<number> }>;
  lock(shards: readonly number[]): Promise<number[]>;
  unlock(shards: readonly number[]): Promise<void>;
  setPresence(present: boolean): Promise<void>;
  announce(): Promise<void>;
  close(): Promise<void>;
};

/** Who works for the shards; delivery/engine.ts, by shape. */
export type ShardFollower = {
  gain(shards: readonly number[]): void;
  /** Starts nothing more; resolves when nothing of the shards is under way. */
  drain(shards: readonly number[]): Promise<void>;
  /** At once: stops what is under way. */
  lose(shards: readonly number[]): void;
  busyIn(shard: number): number;
};

export type LeaderOptions = {
  openSession(events: { onLost(): void; onAnnounced(): void }): Promise<LockSession>;
  follower: ShardFollower;
  /** usecases/workers/register-worker.ts, by shape. */
  register: { beat(shardsLed: number): Promise<void>; remove(): Promise<void> };
  log: Log;
};

/** Ping, and look for free shards: a crashed worker's are led again within about this time. */
const tickMs = 1_000;
/**
 * With the tick it is below the 4 s after which the server frees the locks of a host that is cut
 * off.
 */
const answerMsMax = 2_000;
/** After a stall of this process the answer may be there, only not read yet. */
const secondLookMs = 100;
const beatMs = 2_000;
/** Of a stop's time: to drain; then what is in flight is stopped and the shards are let go. */
const drainShare = 0.75;

export class Leader {
  readonly #options: LeaderOptions;
  readonly #led = new Set<number>();
  readonly #leaving = new Set<number>();
  readonly #ticks: Loop;
  readonly #beats: Loop;
  #session: LockSession | null = null;
  #drained: number[] = [];
  #stopping: Promise<void> | null = null;

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { log, register } = options;
    this.#ticks = new Loop({ name: 'leader', pollMs: tickMs, log, work: () => this.#tick() });
    this.#beats = new Loop({
      name: 'worker-register',
      pollMs: beatMs,
      log,
      work: () => register.beat(this.#led.size),
    });
  }

  start(): void {
    this.#ticks.start();
    this.#beats.start();
  }

  leads(shard: number): boolean {
    return this.#led.has(shard);
  }

  shardsLed(): number[] {
    return [...this.#led].sort((a, b) => a - b);
  }

  /** Hands everything over; safe twice and unstarted. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(performance.now() + deadlineMs, deadlineMs);
    return this.#stopping;
  }

  async #stop(endMs: number, deadlineMs: number): Promise<void> {
    const leftMs = () => endMs - performance.now();
    await this.#ticks.stop(leftMs());
    await this.#beats.stop(leftMs());
    const session = this.#session;
    if (session !== null) {
      try {
        await this.#ask(session, session.setPresence(false));
        await within(this.#release([...this.#led]), deadlineMs * drainShare);
        if (this.#session === session && this.#leaving.size > 0) {
          const late = [...this.#leaving];
          this.#options.follower.lose(late);
          await this.#ask(session, session.unlock(late));
          this.#leaving.clear();
        }
        await this.#ask(session, session.announce());
      } catch (error) {
        this.#options.log.warn({ err: error }, 'the shards were not handed over');
      }
      this.#fence('stopped');
    }
    await within(this.#removeEntry(), leftMs());
  }

  async #removeEntry(): Promise<void> {
    try {
      await this.#options.register.remove();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the register of workers keeps this one a while');
    }
  }

  async #tick(): Promise<void> {
    const session = this.#session ?? (await this.#open());
    const { live, taken } = await this.#ask(session, session.survey());
    const share = Math.ceil(shardCount / Math.max(1, live));
    if (this.#led.size > share) void this.#release(this.#pickSurplus(this.#led.size - share));
    const wanted = share - this.#led.size;
    const free = freeShards(taken);
    if (wanted <= 0 || free.length === 0) return;
    const gained = await this.#ask(session, session.lock(free.slice(0, wanted)));
    // The session may have been lost while the answer was on its way.
    if (this.#session !== session || gained.length === 0) return;
    for (const shard of gained) this.#led.add(shard);
    this.#options.log.info({ gained, led: this.#led.size, live }, 'shards gained');
    this.#options.follower.gain(gained);
  }

  async #open(): Promise<LockSession> {
    // Null while it is being made: what is lost before it is ours concerns nobody.
    let mine: LockSession | null = null;
    const session = await this.#options.openSession({
      onLost: () => {
        if (mine !== null && this.#session === mine) this.#fence('the lock session was lost');
      },
      onAnnounced: () => this.#ticks.wake(),
    });
    mine = session;
    this.#session = session;
    await this.#ask(session, session.setPresence(true));
    await this.#ask(session, session.announce());
    return session;
  }

  /** The answer, or fenced and rejected: a session that answers late is as good as lost. */
  async #ask<Answer>(session: LockSession, answer: Promise<Answer>): Promise<Answer> {
    try {
      if ((await within(answer, answerMsMax)) || (await within(answer, secondLookMs))) {
        return await answer;
      }
      throw new Error(`the lock session did not answer within ${answerMsMax} ms`);
    } catch (error) {
      // What is asked and never answered rejects when the session is closed.
      answer.catch(() => {});
      if (this.#session === session) this.#fence('the lock session does not answer');
      throw error;
    }
  }

  /** Leads nothing from this line on. */
  #fence(reason: string): void {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    const lost = [...this.#led, ...this.#leaving];
    this.#led.clear();
    this.#leaving.clear();
    this.#drained = [];
    void session.close();
    if (lost.length > 0) {
      this.#options.follower.lose(lost);
      this.#options.log.warn({ reason, lost: lost.length }, 'shards lost');
    }
    this.#ticks.wake();
  }

  /** The least busy first: draining a shard keeps its other endpoints waiting. */
  #pickSurplus(count: number): number[] {
    const { follower } = this.#options;
    return [...this.#led].sort((a, b) => follower.busyIn(a) - follower.busyIn(b)).slice(0, count);
  }

  async #release(shards: readonly number[]): Promise<void> {
    const session = this.#session;
    if (session === null || shards.length === 0) return;
    for (const shard of shards) {
      this.#led.delete(shard);
      this.#leaving.add(shard);
    }
    this.#options.log.info({ shards: shards.length }, 'shards are given away');
    await Promise.all(
      shards.map(async (shard) => {
        await this.#options.follower.drain([shard]);
        if (this.#session === session && this.#leaving.has(shard)) {
          await this.#unlock(session, shard);
        }
      }),
    );
  }

  /** Together with all that are drained in the same turn. */
  async #unlock(session: LockSession, shard: number): Promise<void> {
    this.#drained.push(shard);
    await Promise.resolve();
    const shards = this.#drained;
    if (shards.length === 0 || this.#session !== session) return;
    this.#drained = [];
    try {
      await this.#ask(session, session.unlock(shards));
      for (const one of shards) this.#leaving.delete(one);
      await this.#ask(session, session.announce());
    } catch (error) {
      // Fenced by now: closing the session has freed them.
      this.#options.log.warn({ err: error }, 'shards were not unlocked');
    }
  }
}

/** In random order, so that workers that look at the same moment seldom want the same. */
function freeShards(taken: ReadonlySet<number>): number[] {
  const free: number[] = [];
  for (let shard = 0; shard < shardCount; shard += 1) if (!taken.has(shard)) free.push(shard);
  for (let at = free.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    const [a, b] = [free[at], free[other]];
    if (a !== undefined && b !== undefined) {
      free[at] = b;
      free[other] = a;
    }
  }
  return free;
}

export function createLeader(options: LeaderOptions): Leader {
  return new Leader(options);
}

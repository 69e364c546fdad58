/**
 * A bounded pool of connections. A connection that died, or whose transaction ended in doubt, is
 * thrown away. While the database is away `acquire` fails at once with `unavailable`, and so it
 * does when too many wait: the caller answers 503 and nothing piles up.
 */
import { AppError } from '../domain/errors.ts';
import { type Connection, connect } from './connection.ts';

export type PoolCounts = { idle: number; busy: number; waiting: number };

export type Pool = {
  acquire(): Promise<Connection>;
  /** `reusable` false when the state of the session is in doubt. */
  release(connection: Connection, reusable: boolean): void;
  /** One connection did not answer: those that wait would not either, new ones tell soon. */
  closeIdle(): void;
  /** The network is in doubt: idle ones are closed, and busy ones that do not end soon. */
  distrust(): void;
  counts(): PoolCounts;
  /** Refuses new work, waits for none that is under way. */
  close(): Promise<void>;
};

type PoolOptions = { url: string; size: number; applicationName: string };
type Waiter = {
  resolve: (connection: Connection) => void;
  reject: (error: unknown) => void;
  timer: ReturnType<typeof setTimeout>;
};

const waitersMax = 2_000;
const waitMsMax = 5_000;
const retryAfterMs = 1_000;
/** For the transactions of that moment; far above their usual milliseconds. */
const distrustedMsMax = 2_000;

export function databaseAway(cause?: unknown): AppError {
  return new AppError(
    'unavailable',
    'The database does not answer. Send the request again later.',
    {
      retryAfterMs,
      cause,
    },
  );
}

export function createPool({ url, size, applicationName }: PoolOptions): Pool {
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const waiters: Waiter[] = [];
  /** Busy since before `distrust`. */
  const distrusted = new Set<Connection>();
  let opening = 0;
  let closed = false;

  const forget = (connection: Connection) => {
    all.delete(connection);
    distrusted.delete(connection);
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  };

  async function open(): Promise<Connection> {
    opening += 1;
    try {
      // It may close while it is being opened: before there is anything to forget.
      let opened: Connection | null = null;
      const connection = await connect({
        url,
        applicationName,
        onClosed: () => {
          if (opened !== null) forget(opened);
        },
      });
      opened = connection;
      if (closed) {
        await connection.close();
        throw databaseAway();
      }
      all.add(connection);
      return connection;
    } catch (error) {
      throw error instanceof AppError ? error : databaseAway(error);
    } finally {
      opening -= 1;
      serveWaiter();
    }
  }

  function closeIdle(): void {
    for (const connection of [...idle]) {
      forget(connection);
      void connection.close();
    }
  }

  /** A place became free: the longest waiting gets a connection of its own. */
  function serveWaiter(): void {
    if (closed || all.size + opening >= size) return;
    const waiter = waiters.shift();
    if (waiter === undefined) return;
    clearTimeout(waiter.timer);
    open().then(waiter.resolve, waiter.reject);
  }

  function wait(): Promise<Connection> {
    if (waiters.length >= waitersMax) throw databaseAway();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const at = waiters.indexOf(waiter);
        if (at >= 0) waiters.splice(at, 1);
        reject(databaseAway(new Error(`no connection became free within ${waitMsMax} ms`)));
      }, waitMsMax);
      const waiter: Waiter = { resolve, reject, timer };
      waiters.push(waiter);
    });
  }

  return {
    async acquire() {
      if (closed) throw databaseAway();
      const connection = idle.pop();
      if (connection !== undefined) return connection;
      if (all.size + opening < size) return open();
      return wait();
    },
    release(connection, reusable) {
      distrusted.delete(connection);
      if (closed || !reusable || !connection.alive()) {
        forget(connection);
        void connection.close();
        serveWaiter();
        return;
      }
      const waiter = waiters.shift();
      if (waiter === undefined) {
        idle.push(connection);
        return;
      }
      clearTimeout(waiter.timer);
      waiter.resolve(connection);
    },
    closeIdle,
    distrust() {
      closeIdle();
      const suspects = [...all];
      for (const connection of suspects) distrusted.add(connection);
      setTimeout(() => {
        for (const connection of suspects) if (distrusted.has(connection)) void connection.close();
      }, distrustedMsMax).unref();
    },
    counts: () => ({ idle: idle.length, busy: all.size - idle.length, waiting: waiters.length }),
    async close() {
      closed = true;
      for (const waiter of waiters.splice(0)) {
        clearTimeout(waiter.timer);
        waiter.reject(databaseAway());
      }
      await Promise.all([...all].map((connection) => connection.close()));
      all.clear();
      idle.length = 0;
    },
  };
}

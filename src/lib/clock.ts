/**
 * Two times and no third: `databaseNow` for due dates, ids and expiry (the database's clock, as it
 * was last told, carried on by `monotonicMs`), `monotonicMs` for durations (never jumps). So this
 * machine's own clock may be set to whatever it likes: nothing is sent early or late by it.
 */
export type Clock = {
  /** Milliseconds since the epoch, as the database would say. */
  databaseNow(): number;
  monotonicMs(): number;
  /** The database's clock minus this machine's when it was last told, ms: for people to see. */
  offsetMs(): number;
  /** @param atMs of `monotonicMs`: the moment at which the database said so */
  setDatabaseTime(databaseMs: number, atMs: number): void;
};

export function createClock(wallNow: () => number = Date.now): Clock {
  const monotonicMs = () => performance.now();
  /** Until the database is asked, this machine's own clock stands in. */
  let epochMs = wallNow() - monotonicMs();
  let offsetMs = 0;
  return {
    databaseNow: () => epochMs + monotonicMs(),
    monotonicMs,
    offsetMs: () => offsetMs,
    setDatabaseTime(databaseMs, atMs) {
      epochMs = databaseMs - atMs;
      offsetMs = epochMs + monotonicMs() - wallNow();
    },
  };
}

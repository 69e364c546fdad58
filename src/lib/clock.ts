/**
 * Two times and no third: `databaseNow` for due dates, ids and expiry (the database's clock, by an
 * offset that is refreshed), `monotonicMs` for durations (never jumps).
 */
export type Clock = {
  /** Milliseconds since the epoch, as the database would say. */
  databaseNow(): number;
  monotonicMs(): number;
  /** The database's clock minus this machine's, ms. */
  offsetMs(): number;
  setOffsetMs(offsetMs: number): void;
};

export function createClock(wallNow: () => number = Date.now): Clock {
  let offsetMs = 0;
  return {
    databaseNow: () => wallNow() + offsetMs,
    monotonicMs: () => performance.now(),
    offsetMs: () => offsetMs,
    setOffsetMs(next) {
      offsetMs = next;
    },
  };
}

/**
 * What was looked for and is not there, remembered for a short time, so that asking for it again
 * and again costs nothing. Forgotten at every piece of news, and not believed while news may be
 * missed; what was looked up before the news came is not remembered after it.
 */
export type Absences = {
  has(key: string): boolean;
  /** Call it before looking; what it answers notes a key that was not found. */
  beforeLooking(): (key: string) => void;
  clear(): void;
};

export function createAbsences(options: {
  /** Whether news of what is new comes through. */
  trusted(): boolean;
  monotonicMs(): number;
  entriesMax: number;
  ageMsMax: number;
}): Absences {
  const { trusted, monotonicMs, entriesMax, ageMsMax } = options;
  const notedAtMs = new Map<string, number>();
  let news = 0;
  return {
    has(key) {
      const atMs = notedAtMs.get(key);
      if (atMs === undefined || !trusted()) return false;
      if (monotonicMs() - atMs <= ageMsMax) return true;
      notedAtMs.delete(key);
      return false;
    },
    beforeLooking() {
      const newsThen = news;
      const atMs = monotonicMs();
      return (key) => {
        if (news !== newsThen) return;
        notedAtMs.delete(key);
        notedAtMs.set(key, atMs);
        if (notedAtMs.size <= entriesMax) return;
        const oldest = notedAtMs.keys().next();
        if (!oldest.done) notedAtMs.delete(oldest.value);
      };
    },
    clear() {
      news += 1;
      notedAtMs.clear();
    },
  };
}

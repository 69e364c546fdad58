/**
 * A bounded cache that others may invalidate. An entry that was invalidated while it was being
 * loaded is not kept, so a change is never hidden by a load that began before it. While `trusted`
 * is false (the invalidation channel is down) no entry older than `untrustedAgeMsMax` is used.
 */
export type CoherentCache<Key, Value> = {
  get(key: Key): Promise<Value>;
  /** The value when it is here and may be used: the hot path without a promise. */
  peek(key: Key): Value | undefined;
  drop(key: Key): void;
  dropWhere(matches: (value: Value) => boolean): void;
  clear(): void;
};

type CacheOptions<Key, Value> = {
  load(key: Key): Promise<Value>;
  trusted(): boolean;
  monotonicMs(): number;
  entriesMax: number;
};

const untrustedAgeMsMax = 1_000;

export function createCoherentCache<Key, Value>(
  options: CacheOptions<Key, Value>,
): CoherentCache<Key, Value> {
  const entries = new Map<Key, { value: Value; loadedAtMs: number }>();
  const loads = new Map<Key, Promise<Value>>();

  function peek(key: Key): Value | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (options.trusted()) return entry.value;
    const fresh = options.monotonicMs() - entry.loadedAtMs <= untrustedAgeMsMax;
    return fresh ? entry.value : undefined;
  }

  function load(key: Key): Promise<Value> {
    const running = loads.get(key);
    if (running !== undefined) return running;
    const loadedAtMs = options.monotonicMs();
    const promise = options.load(key).then(
      (value) => {
        if (loads.get(key) !== promise) return value;
        loads.delete(key);
        entries.delete(key);
        entries.set(key, { value, loadedAtMs });
        if (entries.size > options.entriesMax) {
          const oldest = entries.keys().next();
          if (!oldest.done) entries.delete(oldest.value);
        }
        return value;
      },
      (error: unknown) => {
        if (loads.get(key) === promise) loads.delete(key);
        throw error;
      },
    );
    loads.set(key, promise);
    return promise;
  }

  return {
    peek,
    async get(key) {
      return peek(key) ?? load(key);
    },
    drop(key) {
      entries.delete(key);
      loads.delete(key);
    },
    dropWhere(matches) {
      for (const [key, { value }] of entries) if (matches(value)) entries.delete(key);
      // What is being loaded cannot be looked at yet.
      loads.clear();
    },
    clear() {
      entries.clear();
      loads.clear();
    },
  };
}

/**
 * What a name resolved to and how it was judged: remembered shortly, asked once at a time.
 * At most `lookupsMax` look-ups run (the system's resolver has few threads), split in two so that
 * strangers' names that never answer cannot hold up names that resolved before.
 */
import { createSlots } from './slots.ts';

/** Long enough to spare the resolver under load, short enough to follow a receiver that moves. */
const goodForMs = 10_000;
/** A name that was just created, or a resolver that hiccupped, must not cost an attempt. */
const badForMs = 1_000;
const namesMax = 5_000;
const lookupsMax = 32;
const waitingMax = 2_000;
/** Systems give up after 10-20 s; one that never does must not keep its slot for ever. */
const lookupLimitMs = 20_000;

export type Judged<T, E> = { value: T } | { error: E };

export type NameCache<T, E> = {
  /** `aborted` when `signal` fires first; the look-up goes on for those who ask next. */
  get(name: string, signal?: AbortSignal): Promise<Judged<T, E> | 'aborted'>;
};

type Entry<T, E> = { judged: Judged<T, E>; expiresAtMs: number };

/** @param ask must not reject; `overloaded` and `tooSlow` are what it would have said */
export function createNameCache<T, E>(options: {
  ask: (name: string) => Promise<Judged<T, E>>;
  overloaded: (name: string) => E;
  tooSlow: (name: string) => E;
  nowMs: () => number;
}): NameCache<T, E> {
  const entries = new Map<string, Entry<T, E>>();
  const running = new Map<string, Promise<Judged<T, E>>>();
  const known = createSlots(lookupsMax / 2, waitingMax);
  const unknown = createSlots(lookupsMax / 2, waitingMax);

  function remember(name: string, judged: Judged<T, E>): void {
    entries.delete(name);
    if (entries.size >= namesMax) {
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    }
    const forMs = 'value' in judged ? goodForMs : badForMs;
    entries.set(name, { judged, expiresAtMs: options.nowMs() + forMs });
  }

  async function lookUp(name: string): Promise<Judged<T, E>> {
    const before = entries.get(name);
    const slots = before !== undefined && 'value' in before.judged ? known : unknown;
    const got = await slots.acquire();
    if (got !== 'acquired') return { error: options.overloaded(name) };
    let timer: Timer | undefined;
    const tooSlow = new Promise<Judged<T, E>>((resolve) => {
      timer = setTimeout(() => resolve({ error: options.tooSlow(name) }), lookupLimitMs);
    });
    try {
      const judged = await Promise.race([options.ask(name), tooSlow]);
      remember(name, judged);
      return judged;
    } finally {
      clearTimeout(timer);
      slots.release();
    }
  }

  function get(name: string, signal?: AbortSignal): Promise<Judged<T, E> | 'aborted'> {
    const entry = entries.get(name);
    if (entry !== undefined && entry.expiresAtMs > options.nowMs()) {
      return Promise.resolve(entry.judged);
    }
    let pending = running.get(name);
    if (pending === undefined) {
      pending = lookUp(name).finally(() => running.delete(name));
      running.set(name, pending);
    }
    return signal === undefined ? pending : unlessAborted(pending, signal);
  }

  return { get };
}

/** Removes its listener, since a signal may outlive thousands of look-ups. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) return Promise.resolve('aborted');
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve('aborted');
    signal.addEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

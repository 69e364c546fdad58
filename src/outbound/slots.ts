/**
 * A counting semaphore: at most `max` holders, waiters served first come first served, at most
 * `waitingMax` of them. Taking a free slot costs no promise; leaving the queue on abort is O(1).
 */
type Acquired = 'acquired' | 'full' | 'aborted';

export type Slots = {
  tryAcquire(): boolean;
  /** Waits for a slot. Each `acquired` (and each true `tryAcquire`) owes one `release`. */
  acquire(signal?: AbortSignal): Promise<Acquired>;
  release(): void;
};

export function createSlots(max: number, waitingMax: number): Slots {
  let inUse = 0;
  const waiters = new Set<(outcome: Acquired) => void>();

  function tryAcquire(): boolean {
    if (inUse >= max) return false;
    inUse += 1;
    return true;
  }

  function acquire(signal?: AbortSignal): Promise<Acquired> {
    if (signal?.aborted) return Promise.resolve('aborted');
    if (tryAcquire()) return Promise.resolve('acquired');
    if (waiters.size >= waitingMax) return Promise.resolve('full');
    return new Promise((resolve) => {
      const onAbort = () => settle('aborted');
      const settle = (outcome: Acquired) => {
        waiters.delete(settle);
        signal?.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      waiters.add(settle);
      signal?.addEventListener('abort', onAbort);
    });
  }

  function release(): void {
    const next = waiters.values().next();
    // The slot passes straight to the first waiter, so a newcomer cannot overtake it.
    if (next.done) inUse -= 1;
    else next.value('acquired');
  }

  return { tryAcquire, acquire, release };
}

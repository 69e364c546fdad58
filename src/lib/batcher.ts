/**
 * Group commit: what arrives while groups are being written forms the next one, so that under load
 * one write serves hundreds of callers and an idle caller waits for nobody. Bounded in all
 * directions; past `waitingBytesMax` or `waitingItemsMax` `submit` throws what `refuse` makes.
 */
export type BatcherOptions<Item, Result> = {
  /** One result for each item, in order. Rejecting fails every item of the group. */
  write(items: Item[]): Promise<Result[]>;
  /** What an item weighs against the group's bounds. */
  weigh(item: Item): { bytes: number; rows: number };
  refuse(): Error;
  itemsMax: number;
  bytesMax: number;
  rowsMax: number;
  inFlightMax: number;
  waitingBytesMax: number;
  waitingItemsMax: number;
  /** A further group starts beside one in flight only when at least so many items wait. */
  besideItemsMin: number;
};

export type Batcher<Item, Result> = {
  submit(item: Item): Promise<Result>;
  /** Items that wait or are being written. */
  pending(): number;
  /** Resolves when nothing waits and nothing is being written. */
  drained(): Promise<void>;
};

type Waiting<Item, Result> = {
  item: Item;
  bytes: number;
  rows: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
};

export function createBatcher<Item, Result>(
  options: BatcherOptions<Item, Result>,
): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let waitingBytes = 0;
  let writing = 0;
  let inFlight = 0;
  let scheduled = false;
  let idle: { promise: Promise<void>; resolve: () => void } | null = null;

  function takeGroup(): Waiting<Item, Result>[] {
    let count = 0;
    let bytes = 0;
    let rows = 0;
    // The first always fits, or it could never be written.
    for (const next of waiting) {
      const full =
        count >= options.itemsMax ||
        bytes + next.bytes > options.bytesMax ||
        rows + next.rows > options.rowsMax;
      if (count > 0 && full) break;
      count += 1;
      bytes += next.bytes;
      rows += next.rows;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingBytes -= bytes;
    return group;
  }

  async function writeGroup(group: Waiting<Item, Result>[]): Promise<void> {
    inFlight += 1;
    writing += group.length;
    try {
      const results = await options.write(group.map(({ item }) => item));
      for (const [index, { resolve, reject }] of group.entries()) {
        const result = results[index];
        if (result === undefined) reject(new Error(`no result for item ${index} of the group`));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      inFlight -= 1;
      writing -= group.length;
      flush();
    }
  }

  function flush(): void {
    scheduled = false;
    while (
      waiting.length > 0 &&
      (inFlight === 0 ||
        (inFlight < options.inFlightMax && waiting.length >= options.besideItemsMin))
    ) {
      void writeGroup(takeGroup());
    }
    if (waiting.length === 0 && inFlight === 0) {
      idle?.resolve();
      idle = null;
    }
  }

  return {
    submit(item) {
      const { bytes, rows } = options.weigh(item);
      if (
        waitingBytes + bytes > options.waitingBytesMax ||
        waiting.length >= options.waitingItemsMax
      ) {
        throw options.refuse();
      }
      return new Promise((resolve, reject) => {
        waiting.push({ item, bytes, rows, resolve, reject });
        waitingBytes += bytes;
        if (scheduled) return;
        scheduled = true;
        // After the requests that the same turn of the event loop has read.
        setImmediate(flush);
      });
    },
    pending: () => waiting.length + writing,
    drained() {
      if (waiting.length === 0 && inFlight === 0) return Promise.resolve();
      idle ??= Promise.withResolvers<void>();
      return idle.promise;
    },
  };
}

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
  /**
   * Items that are written in one group, next to each other and in this order; resolves with a
   * result for each. All or none is taken. The caller keeps them within the bounds of a group.
   */
  submitTogether(items: readonly Item[]): Promise<Result[]>;
  /** Items that wait or are being written. */
  pending(): number;
  /** Resolves when nothing waits and nothing is being written. */
  drained(): Promise<void>;
};

/** The first of items that go together carries the weight of all, the others none. */
type Waiting<Item, Result> = {
  item: Item;
  items: number;
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
    let items = 0;
    let bytes = 0;
    let rows = 0;
    // The first always fits, or it could never be written.
    for (const next of waiting) {
      const full =
        items + next.items > options.itemsMax ||
        bytes + next.bytes > options.bytesMax ||
        rows + next.rows > options.rowsMax;
      if (count > 0 && next.items > 0 && full) break;
      count += 1;
      items += next.items;
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

  function refuseOverfull(items: number, bytes: number): void {
    if (
      waitingBytes + bytes > options.waitingBytesMax ||
      waiting.length + items > options.waitingItemsMax
    ) {
      throw options.refuse();
    }
  }

  function enqueue(item: Item, items: number, bytes: number, rows: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      waiting.push({ item, items, bytes, rows, resolve, reject });
      waitingBytes += bytes;
      if (scheduled) return;
      scheduled = true;
      // After the requests that the same turn of the event loop has read.
      setImmediate(flush);
    });
  }

  return {
    submit(item) {
      const { bytes, rows } = options.weigh(item);
      refuseOverfull(1, bytes);
      return enqueue(item, 1, bytes, rows);
    },
    submitTogether(items) {
      let bytes = 0;
      let rows = 0;
      for (const item of items) {
        const weight = options.weigh(item);
        bytes += weight.bytes;
        rows += weight.rows;
      }
      refuseOverfull(items.length, bytes);
      const [first, ...others] = items;
      if (first === undefined) return Promise.resolve([]);
      return Promise.all([
        enqueue(first, items.length, bytes, rows),
        ...others.map((item) => enqueue(item, 0, 0, 0)),
      ]);
    },
    pending: () => waiting.length + writing,
    drained() {
      if (waiting.length === 0 && inFlight === 0) return Promise.resolve();
      idle ??= Promise.withResolvers<void>();
      return idle.promise;
    },
  };
}

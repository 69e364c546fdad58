/**
 * Records results in batches, each in one transaction. A result is kept until it is recorded, for
 * as long as the process lives: while the database is away it waits and is tried again. A batch
 * that the database refuses is halved until the bad record stands alone; that one loses its
 * outside text and, if even so refused, is tried again each minute, so that it is neither lost
 * nor sent again meanwhile.
 */
import { type AttemptRecord, withoutOutsideText } from '../../domain/dispatch/attempt-record.ts';
import type { Log } from '../../lib/log.ts';
import type { RecordResult, UnknownCommit } from '../../usecases/deliveries/record-attempts.ts';
import type { Held } from './hand.ts';

export type Entry = { held: Held; record: AttemptRecord; bytes: number };
type Batch = {
  entries: Entry[];
  unknown: UnknownCommit | null;
  /** Its lone record has lost its outside text. */
  stripped: boolean;
};

export type RecorderOptions = {
  record(records: readonly AttemptRecord[], unknown: UnknownCommit | null): Promise<RecordResult>;
  onRecorded(entry: Entry, superseded: boolean): void;
  /** After a batch, whichever way it went. */
  onBatch(outcome: 'success' | 'failure', seconds: number): void;
  /** There is room again. */
  onRoom(): void;
  log: Log;
};

const batchMax = 500;
/** A second batch beside one in flight only when it is worth its transaction. */
const besideMin = 200;
const inFlightMax = 2;
/**
 * Waiting so long makes batches of 30 and more at full load and delays an idle delivery's row by
 * it.
 */
const collectMs = 3;
const entriesMax = 20_000;
const bytesMax = 64 * 1024 * 1024;
const backoffMsMin = 100;
const backoffMsMax = 2_000;
const stuckRetryMs = 60_000;

const bytesOf = (record: AttemptRecord) =>
  (record.responseBody?.length ?? 0) +
  (record.responseHeaders?.length ?? 0) +
  record.requestHeaders.length;

/**
 * Two recorders that lock the same rows must take them in the same order, as cancelPending does.
 */
const byDeliveryId = (a: Entry, b: Entry) =>
  a.record.deliveryId < b.record.deliveryId
    ? -1
    : a.record.deliveryId > b.record.deliveryId
      ? 1
      : 0;

export class Recorder {
  readonly #options: RecorderOptions;
  #waiting: Entry[] = [];
  #repeats: Batch[] = [];
  #inFlight = 0;
  #failures = 0;
  #size = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #blocked = false;
  #stopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Not recorded yet. */
  get size(): number {
    return this.#size;
  }

  hasRoom(): boolean {
    return this.#size < entriesMax && this.#bytes < bytesMax;
  }

  add(held: Held, record: AttemptRecord): void {
    const bytes = bytesOf(record);
    this.#size += 1;
    this.#bytes += bytes;
    this.#waiting.push({ held, record, bytes });
    if (this.#blocked || this.#stopped) return;
    if (this.#waiting.length >= batchMax) this.#flush();
    else this.#flushIn(collectMs);
  }

  /** Tries no more. What is not recorded is sent again by whoever leads next. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #flushIn(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#blocked = false;
      this.#flush();
    }, delayMs);
  }

  #flush(): void {
    while (!this.#stopped && !this.#blocked && this.#inFlight < inFlightMax) {
      const batch = this.#repeats.shift() ?? this.#collect();
      if (batch === null) return;
      void this.#write(batch);
    }
  }

  #collect(): Batch | null {
    const needed = this.#inFlight === 0 ? 1 : besideMin;
    if (this.#waiting.length < needed) return null;
    const entries = this.#waiting.splice(0, batchMax).sort(byDeliveryId);
    return { entries, unknown: null, stripped: false };
  }

  async #write(batch: Batch): Promise<void> {
    this.#inFlight += 1;
    const startedMs = performance.now();
    const records = batch.entries.map((entry) => entry.record);
    const result = await this.#record(records, batch.unknown);
    this.#inFlight -= 1;
    const isRecorded = result.kind === 'recorded';
    const seconds = (performance.now() - startedMs) / 1_000;
    this.#options.onBatch(isRecorded ? 'success' : 'failure', seconds);
    switch (result.kind) {
      case 'recorded':
        this.#settle(batch, result.superseded);
        break;
      case 'away':
        this.#repeatLater({ ...batch, unknown: result.unknown }, result.error);
        break;
      case 'refused':
        this.#divide(batch, result.error);
        break;
    }
    this.#flush();
  }

  async #record(
    records: readonly AttemptRecord[],
    unknown: UnknownCommit | null,
  ): Promise<RecordResult> {
    try {
      return await this.#options.record(records, unknown);
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  #settle(batch: Batch, superseded: ReadonlySet<number>): void {
    if (this.#failures > 0) {
      this.#options.log.info({ failures: this.#failures }, 'recording goes on');
      this.#failures = 0;
    }
    const hadRoom = this.hasRoom();
    for (const [index, entry] of batch.entries.entries()) {
      this.#size -= 1;
      this.#bytes -= entry.bytes;
      this.#options.onRecorded(entry, superseded.has(index));
    }
    if (!hadRoom && this.hasRoom()) this.#options.onRoom();
  }

  #repeatLater(batch: Batch, error: unknown): void {
    this.#repeats.push(batch);
    if (this.#failures === 0) {
      this.#options.log.warn({ err: error }, 'results cannot be recorded; they are kept');
    }
    this.#failures += 1;
    if (this.#stopped) return;
    this.#blocked = true;
    const fullMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(this.#failures - 1, 8));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushIn(fullMs * (0.5 + Math.random() / 2));
  }

  #divide(batch: Batch, error: unknown): void {
    const [first] = batch.entries;
    if (first === undefined) return;
    if (batch.entries.length > 1) {
      const middle = batch.entries.length >> 1;
      const halves = [batch.entries.slice(0, middle), batch.entries.slice(middle)];
      for (const entries of halves) this.#repeats.push({ ...batch, entries, unknown: null });
      return;
    }
    const deliveryId = first.record.deliveryId;
    if (!batch.stripped) {
      this.#options.log.warn({ err: error, deliveryId }, 'a result is recorded without its text');
      const stripped = { ...first, record: withoutOutsideText(first.record) };
      this.#repeats.push({ entries: [stripped], unknown: null, stripped: true });
      return;
    }
    this.#options.log.error({ err: error, deliveryId }, 'a result cannot be recorded; it is kept');
    setTimeout(() => {
      this.#repeats.push(batch);
      this.#flush();
    }, stuckRetryMs).unref();
  }
}

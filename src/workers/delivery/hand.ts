/**
 * The deliveries that this process has in hand: queued, being sent, or sent and not recorded yet.
 * An id in hand is never taken again, nor one that was let go while the table was being read: the
 * reading may be older than its recording.
 */
import { type ReadyDelivery, shardCount, shardOf } from '../../domain/dispatch/ready-delivery.ts';
import type { DeliveryId, EndpointId } from '../../domain/ids.ts';

export type Held = {
  delivery: ReadyDelivery;
  readonly shard: number;
  phase: 'queued' | 'sending' | 'recording';
  /** Counted until the payload is no longer needed. */
  bytes: number;
  /** What comes after it by its ordering key, in order: one at a time, each when the last ended. */
  run: Held[];
  /** Why it cannot be sent, which its attempt then says; else null. */
  problem: string | null;
};

export class Hand {
  readonly #byEndpoint = new Map<EndpointId, Map<DeliveryId, Held>>();
  /** Sending or recording, for each shard: it may be given away at 0. */
  readonly #busy = new Int32Array(shardCount);
  readonly #letGo = new Set<DeliveryId>();
  #reading = false;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Null when it must not be taken. */
  take(delivery: ReadyDelivery): Held | null {
    if (this.#letGo.has(delivery.id)) return null;
    let ofEndpoint = this.#byEndpoint.get(delivery.endpointId);
    if (ofEndpoint === undefined) {
      ofEndpoint = new Map();
      this.#byEndpoint.set(delivery.endpointId, ofEndpoint);
    }
    if (ofEndpoint.has(delivery.id)) return null;
    const bytes = delivery.payload.length;
    const shard = shardOf(delivery.endpointId);
    const held: Held = { delivery, shard, phase: 'queued', bytes, run: [], problem: null };
    ofEndpoint.set(delivery.id, held);
    this.#bytes += bytes;
    return held;
  }

  startSending(held: Held): void {
    held.phase = 'sending';
    this.#busy[held.shard] = this.busyIn(held.shard) + 1;
  }

  startRecording(held: Held): void {
    held.phase = 'recording';
    // The caller's own object is left as it is.
    held.delivery = { ...held.delivery, payload: '' };
    this.#bytes -= held.bytes;
    held.bytes = 0;
  }

  /** The next of its key, with all that is behind it; null when the table must be asked. */
  takeNext(held: Held): Held | null {
    const [next, ...rest] = held.run;
    held.run = [];
    if (next === undefined) return null;
    next.run = rest;
    return next;
  }

  /** With what waits behind it. */
  release(held: Held): void {
    for (const next of held.run) this.release(next);
    held.run = [];
    const { id, endpointId } = held.delivery;
    const ofEndpoint = this.#byEndpoint.get(endpointId);
    if (ofEndpoint?.get(id) !== held) return;
    ofEndpoint.delete(id);
    if (ofEndpoint.size === 0) this.#byEndpoint.delete(endpointId);
    this.#bytes -= held.bytes;
    held.bytes = 0;
    if (held.phase !== 'queued') this.#busy[held.shard] = this.busyIn(held.shard) - 1;
    // One that was never sent is in the table as it was.
    if (this.#reading && held.phase !== 'queued') this.#letGo.add(id);
  }

  /** From before the statement is sent; one reading at a time. */
  beginReading(): void {
    this.#letGo.clear();
    this.#reading = true;
  }

  /** After what was read has been taken. */
  endReading(): void {
    this.#reading = false;
    this.#letGo.clear();
  }

  busyIn(shard: number): number {
    return this.#busy[shard] ?? 0;
  }

  holds(endpointId: EndpointId): boolean {
    return this.#byEndpoint.has(endpointId);
  }

  countOf(endpointId: EndpointId): number {
    return this.#byEndpoint.get(endpointId)?.size ?? 0;
  }

  idsOf(endpointId: EndpointId): Iterable<DeliveryId> {
    return this.#byEndpoint.get(endpointId)?.keys() ?? [];
  }

  *all(): Iterable<Held> {
    for (const ofEndpoint of this.#byEndpoint.values()) yield* ofEndpoint.values();
  }
}

/**
 * Takes turns over endpoints that have work: one item a turn (deficit round-robin with equal
 * weights and items that cost the same), first in first out within an endpoint. A backlog of any
 * size delays the others by one item a round. Every call is O(1), amortised. Whoever answers
 * `canSend` with false must call `ready` once that changes: nothing else wakes a lane. How many
 * items an endpoint may hold here is for the feeder to bound (`sizeOf`).
 */
import { Fifo } from './fifo.ts';

/**
 * | lane   | has items | in the ring | leaves by                                              |
 * | active | yes       | yes         | its last item taken -> gone; `canSend` false -> parked |
 * | parked | yes       | no          | `ready` -> active, at the end of the ring              |
 *
 * A lane that is alone in the ring is its own neighbour.
 */
class Lane<Item> {
  readonly items = new Fifo<Item>();
  active = false;
  before: Lane<Item> = this;
  after: Lane<Item> = this;

  constructor(readonly endpointId: string) {}
}

class FairQueue<Item extends object> {
  readonly #lanes = new Map<string, Lane<Item>>();
  /** Whose turn it is, null in an empty ring; the end of the ring is just before it. */
  #turn: Lane<Item> | null = null;
  #size = 0;

  /** Items, parked ones included. */
  get size(): number {
    return this.#size;
  }

  sizeOf(endpointId: string): number {
    return this.#lanes.get(endpointId)?.items.length ?? 0;
  }

  add(endpointId: string, item: Item): void {
    let lane = this.#lanes.get(endpointId);
    if (!lane) {
      lane = new Lane<Item>(endpointId);
      this.#lanes.set(endpointId, lane);
      this.#activate(lane);
    }
    lane.items.push(item);
    this.#size += 1;
  }

  /** Whose turn it is; endpoints that cannot send now are parked. Null when none can. */
  next(canSend: (endpointId: string) => boolean): Item | null {
    // Each round but the last parks a lane, which an `add` or a `ready` has paid for.
    while (this.#turn !== null) {
      const lane = this.#turn;
      if (canSend(lane.endpointId)) return this.#take(lane);
      this.#deactivate(lane);
    }
    return null;
  }

  /** The endpoint may be able to send again; nothing happens when it is not parked. */
  ready(endpointId: string): void {
    const lane = this.#lanes.get(endpointId);
    if (lane && !lane.active) this.#activate(lane);
  }

  /** Drops the endpoint and gives back what it held, in order. */
  removeEndpoint(endpointId: string): Item[] {
    const lane = this.#lanes.get(endpointId);
    if (!lane) return [];
    if (lane.active) this.#deactivate(lane);
    this.#lanes.delete(endpointId);
    this.#size -= lane.items.length;
    return lane.items.drain();
  }

  #take(lane: Lane<Item>): Item {
    this.#turn = lane.after;
    const item = lane.items.shift();
    if (item === undefined) throw new Error('A lane in the ring has no items.');
    this.#size -= 1;
    if (lane.items.length === 0) {
      this.#deactivate(lane);
      this.#lanes.delete(lane.endpointId);
    }
    return item;
  }

  #activate(lane: Lane<Item>): void {
    lane.active = true;
    const turn = this.#turn;
    if (turn === null) {
      this.#turn = lane;
      return;
    }
    lane.before = turn.before;
    lane.after = turn;
    lane.before.after = lane;
    turn.before = lane;
  }

  #deactivate(lane: Lane<Item>): void {
    if (this.#turn === lane) this.#turn = lane.after === lane ? null : lane.after;
    lane.before.after = lane.after;
    lane.after.before = lane.before;
    lane.before = lane;
    lane.after = lane;
    lane.active = false;
  }
}

export type { FairQueue };

export function createFairQueue<Item extends object>(): FairQueue<Item> {
  return new FairQueue<Item>();
}

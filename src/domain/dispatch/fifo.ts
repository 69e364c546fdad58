/**
 * First in, first out in O(1) amortised. `Array.shift` moves every item that is left, which is
 * O(n) on the long queues that matter here.
 */

/** Below this an array is not worth copying. */
const compactFrom = 64;

export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    // Lets go of the item: the array itself is copied only when half of it is used up.
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= compactFrom && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** All that is left, in order; the queue is empty afterwards. */
  drain(): Item[] {
    const left = this.#items.slice(this.#head).filter((item) => item !== undefined);
    this.#items = [];
    this.#head = 0;
    return left;
  }
}

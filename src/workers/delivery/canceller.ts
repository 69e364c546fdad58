/**
 * Cancels what is pending of disabled and deleted endpoints, one endpoint after the other beside
 * the feeder, so that a backlog of a million rows delays no delivery. What fails is found by the
 * next poll.
 */
import type { Log } from '../../lib/log.ts';
import type { EndpointRef } from '../../usecases/deliveries/read-due.ts';

type CancellerOptions = {
  cancel(endpoint: EndpointRef, keepOn: () => boolean): Promise<void>;
  log: Log;
};

export class Canceller {
  readonly #options: CancellerOptions;
  readonly #waiting = new Map<string, EndpointRef>();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: CancellerOptions) {
    this.#options = options;
  }

  add({ endpointId, tenantId }: EndpointRef): void {
    if (this.#stopped) return;
    this.#waiting.set(endpointId, { endpointId, tenantId });
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when the transaction under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const [key, endpoint] of this.#waiting) {
      this.#waiting.delete(key);
      try {
        await this.#options.cancel(endpoint, () => !this.#stopped);
      } catch (error) {
        const { endpointId } = endpoint;
        this.#options.log.warn({ err: error, endpointId }, 'pending deliveries not cancelled yet');
      }
    }
  }
}

/**
 * One run of `listen`: makes an endpoint, pulls what is due of it, hands each delivery to the
 * local URL as a receiver would get it, and says what came back, to opsforge and to whoever looks
 * on. What is in hand is bounded by the endpoint's `maxInFlight`. However it ends, the endpoint is
 * deleted.
 */
import type { SendAnswer } from '../../domain/dispatch/attempt.ts';
import type { AttemptId, DeliveryId } from '../../domain/ids.ts';
import type { OutboundRequest } from '../../outbound/http-client.ts';
import type { PulledDelivery, RecordedAnswer } from '../../usecases/listeners/schemas.ts';
import type { Remote } from './remote.ts';

export type SessionOptions = {
  remote: Remote;
  send(request: OutboundRequest): Promise<SendAnswer>;
  forwardUrl: string;
  eventTypes: string[];
  projectId: string | undefined;
  /** What people see of the endpoint in lists. */
  description: string;
  signal: AbortSignal;
  /** A line for each event. */
  print(line: string): void;
  /** Everything else. */
  say(line: string): void;
};

/** Two requests a second of an idle listener; nobody who develops a receiver notices the delay. */
const pollMs = 500;

export async function runSession(options: SessionOptions): Promise<void> {
  const { remote, signal, say } = options;
  const { projectId, description, eventTypes } = options;
  const named = projectId === undefined ? {} : { projectId };
  const endpoint = await remote.create({ ...named, description, eventTypes });
  try {
    const types = eventTypes.length === 0 ? 'every type' : eventTypes.join(', ');
    say(`Listening for ${types}, forwarding to ${options.forwardUrl}. Ctrl-C ends it.`);
    say(`The signing secret is ${endpoint.secret}`);
    await new Session(options, endpoint.id).run();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    const reason = await remote.remove(endpoint.id);
    if (reason !== null) {
      say(`The endpoint ${endpoint.id} was not deleted (${reason}); it is disabled after a day.`);
    }
  }
}

class Session {
  readonly #options: SessionOptions;
  readonly #endpointId: string;
  readonly #held = new Map<DeliveryId, Promise<void>>();
  #failure: { error: unknown } | null = null;
  #pausedUntilMs = 0;
  #wake = () => {};

  constructor(options: SessionOptions, endpointId: string) {
    this.#options = options;
    this.#endpointId = endpointId;
    options.signal.addEventListener('abort', () => this.#wake());
  }

  /** Resolves after `signal`, when nothing is in hand any more. */
  async run(): Promise<void> {
    const { remote, signal } = this.#options;
    try {
      while (!signal.aborted) {
        if (this.#failure !== null) throw this.#failure.error;
        const pulled = this.#isPaused()
          ? []
          : await remote.pull(this.#endpointId, { held: [...this.#held.keys()] });
        for (const delivery of pulled) this.#take(delivery);
        // Where something was due there may be more.
        if (pulled.length === 0) await this.#wait(pollMs);
      }
    } finally {
      await Promise.all(this.#held.values());
    }
  }

  #isPaused(): boolean {
    return this.#pausedUntilMs > performance.now();
  }

  #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    if (this.#options.signal.aborted) this.#wake();
    return promise;
  }

  #take(delivery: PulledDelivery): void {
    // Safe because it is opsforge that names it.
    const id = delivery.deliveryId as DeliveryId;
    const forwarded = this.#forward(delivery)
      .catch((error: unknown) => {
        if (!this.#options.signal.aborted) this.#failure ??= { error };
      })
      .finally(() => {
        this.#held.delete(id);
        this.#wake();
      });
    this.#held.set(id, forwarded);
  }

  async #forward(delivery: PulledDelivery): Promise<void> {
    const { remote, send, forwardUrl, signal, print } = this.#options;
    const { headers, body, timeoutMs, attempt } = delivery;
    const answer = await send({
      ...{ method: 'POST', url: forwardUrl, headers, body, timeoutMs, phases: true, signal },
    });
    // Stopped from here: it says nothing of the receiver.
    if (answer.kind === 'error' && answer.error.code === 'aborted') return;
    const recorded = await remote.answer(delivery.deliveryId, {
      attemptId: delivery.attemptId as AttemptId,
      ...{ attempt, requestHeaders: headers, answer },
    });
    if (recorded.pauseMs !== null) {
      const untilMs = performance.now() + recorded.pauseMs;
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    }
    print(eventLine(new Date(), delivery, answer, recorded));
  }
}

/** Time, type, event, what the local URL answered, and what comes of it unless it went well. */
function eventLine(
  now: Date,
  { eventType, eventId, attempt }: PulledDelivery,
  answer: SendAnswer,
  { delivery }: RecordedAnswer,
): string {
  const outcome =
    answer.kind === 'answer'
      ? `${answer.statusCode} in ${answer.durationMs} ms`
      : `${answer.error.code} in ${answer.durationMs} ms (${answer.error.message})`;
  const line = `${now.toISOString()}  ${eventType}  ${eventId}  ${outcome}`;
  if (delivery.status === 'delivered') return line;
  const next = delivery.nextAttemptAt;
  const fate = next === null ? `${delivery.status}, no more attempts` : `again at ${next}`;
  return `${line}, attempt ${attempt}: ${fate}`;
}

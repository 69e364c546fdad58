/**
 * The remote opsforge as `listen` asks it, by HTTP alone. What passes (no connection, 5xx, 429) is
 * tried again, more slowly each time, until it goes well or `signal` ends it; what does not pass
 * is a StartError that names the remedy.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { StartError } from '../../domain/start-error.ts';
import { newEndpoint } from '../../usecases/endpoints/schemas.ts';
import {
  type AnswerInput,
  type listenerInput,
  type PullInput,
  pulledDeliveries,
  recordedAnswer,
} from '../../usecases/listeners/schemas.ts';

export type RemoteOptions = {
  /** Of opsforge; what stands below it is kept. */
  baseUrl: URL;
  apiKey: string;
  signal: AbortSignal;
  /** Lines for whoever looks on. */
  say(line: string): void;
};

export type Remote = ReturnType<typeof createRemote>;

const requestMsMax = 30_000;
/** Whoever pressed Ctrl-C waits for it. */
const removeMsMax = 5_000;
const backoffMsMin = 500;
const backoffMsMax = 10_000;

/** A whole answer: what breaks off in the middle is tried again as well. */
type Answered = { status: number; text: string };
type Call = { method: 'POST' | 'DELETE'; path: string; body?: unknown };

export function createRemote({ baseUrl, apiKey, signal, say }: RemoteOptions) {
  const root = new URL(`${baseUrl.pathname.replace(/\/*$/, '')}/api/v1/`, baseUrl);
  let isAway = false;

  function send({ method, path, body }: Call, until: AbortSignal): Promise<Response> {
    return fetch(new URL(path, root), {
      method,
      // Elsewhere the key has no business.
      redirect: 'manual',
      signal: until,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Of a call that nothing but `signal` ends early; it rejects with its reason then. */
  async function call<Answer extends z.ZodType>(
    request: Call,
    answer: Answer,
  ): Promise<z.output<Answer>> {
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      const tried = await attempt(request);
      if ('text' in tried) {
        if (isAway) say(`${root.origin} answers again.`);
        isAway = false;
        return read(tried, answer);
      }
      signal.throwIfAborted();
      const backoffMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 8));
      if (!isAway) say(`${root.origin} does not answer (${tried.reason}): trying again.`);
      isAway = true;
      await delay(Math.max(backoffMs, tried.waitMs), null, { signal });
    }
  }

  async function attempt(request: Call): Promise<Answered | { reason: string; waitMs: number }> {
    try {
      const until = AbortSignal.any([signal, AbortSignal.timeout(requestMsMax)]);
      const response = await send(request, until);
      const { status, headers } = response;
      const text = await response.text();
      if (status !== 429 && status < 500) return { status, text };
      const retryAfterSeconds = Number(headers.get('retry-after') ?? 0) || 0;
      const waitMs = Math.min(requestMsMax, retryAfterSeconds * 1_000);
      return { reason: `status ${status}`, waitMs };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), waitMs: 0 };
    }
  }

  function read<Answer extends z.ZodType>(
    { status, text }: Answered,
    schema: Answer,
  ): z.output<Answer> {
    if (status < 200 || status > 299) throw refusal(status, detailOf(text), root.origin);
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new StartError(`${root.origin} does not answer as opsforge does: check --url.`, 1);
  }

  return {
    create: (input: z.input<typeof listenerInput>) =>
      call({ method: 'POST', path: 'listeners', body: input }, newEndpoint),
    pull: async (id: string, input: PullInput) =>
      (await call({ method: 'POST', path: `listeners/${id}/pull`, body: input }, pulledDeliveries))
        .data,
    answer: (deliveryId: string, input: AnswerInput) =>
      call(
        { method: 'POST', path: `deliveries/${deliveryId}/answer`, body: input },
        recordedAnswer,
      ),
    /** Once, also after `signal`; answers why it did not go well, else null. */
    async remove(id: string): Promise<string | null> {
      try {
        const request: Call = { method: 'DELETE', path: `endpoints/${id}` };
        const { status } = await send(request, AbortSignal.timeout(removeMsMax));
        return status === 204 || status === 404 ? null : `status ${status}`;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}

/** What trying again would not mend, with what does. */
function refusal(status: number, detail: string, origin: string): StartError {
  switch (status) {
    case 401:
      return new StartError(
        `${origin} does not know this API key. Make one with "opsforge bootstrap --tenant NAME ` +
          '--project NAME --new-key" and give it as --api-key.',
        1,
      );
    case 403:
      return new StartError(`${detail} listen needs a key with the scope endpoints:write.`, 1);
    case 404:
      return new StartError(
        `${origin} answered 404: ${detail} Check --url; start again if the endpoint was deleted.`,
        1,
      );
    default:
      return new StartError(`${origin} answered ${status}: ${detail}`, 1);
  }
}

/** Of a problem (RFC 9457), with the fields that it names; else why there is none. */
function detailOf(text: string): string {
  const problem: unknown = parseJson(text);
  if (typeof problem === 'object' && problem !== null && 'detail' in problem) {
    return String(problem.detail);
  }
  return 'No opsforge answers so: check --url.';
}

/** Null for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

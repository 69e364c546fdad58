/**
 * Makes one attempt: the request, and what the answer means (domain/dispatch/attempt.ts). Never
 * rejects: what throws for one delivery fails that one attempt as `internal_error` and leaves the
 * others alone.
 */
import {
  concludeAttempt,
  requestHeaders,
  type SendAnswer,
  SendProblem,
  type Sent,
} from '../../domain/dispatch/attempt.ts';
import type { EndpointSettings } from '../../domain/dispatch/endpoint-settings.ts';
import { internalErrorCode } from '../../domain/dispatch/next-step.ts';
import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import { type AttemptId, newId } from '../../domain/ids.ts';
import type { ClientCertificate } from '../../domain/receiver-auth.ts';
import { testEventType } from '../../domain/test-events.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';

/** outbound/http-client.ts, by shape. Never rejects. */
export type SendRequest = (request: {
  method: 'POST';
  url: string;
  headers: Record<string, string>;
  body: string;
  timeoutMs: number;
  phases: boolean;
  clientCertificate: ClientCertificate | null;
  signal: AbortSignal;
}) => Promise<SendAnswer>;

export type SenderOptions = {
  send: SendRequest;
  clock: Clock;
  version: string;
  log: Log;
  random: () => number;
};

export async function sendAttempt(
  options: SenderOptions,
  delivery: ReadyDelivery,
  settings: EndpointSettings,
  signal: AbortSignal,
): Promise<Sent> {
  const startedMs = options.clock.monotonicMs();
  const startedAtMs = options.clock.databaseNow();
  try {
    const headers = requestHeaders(delivery, settings, options.version, startedAtMs);
    const answer = await options.send({
      method: 'POST',
      url: settings.url,
      headers,
      body: delivery.payload,
      timeoutMs: settings.timeoutMs,
      phases: delivery.attempts > 0 || delivery.manual || delivery.eventType === testEventType,
      clientCertificate: settings.clientCertificate,
      signal,
    });
    return conclude(options, delivery, settings, signal, { startedAtMs, headers, answer });
  } catch (error) {
    if (!(error instanceof SendProblem)) {
      options.log.error(
        { err: error, deliveryId: delivery.id },
        'an attempt failed inside opsforge',
      );
    }
    const answer = internalError(error, options.clock.monotonicMs() - startedMs);
    return conclude(options, delivery, settings, signal, { startedAtMs, headers: {}, answer });
  }
}

function conclude(
  options: SenderOptions,
  delivery: ReadyDelivery,
  settings: EndpointSettings,
  signal: AbortSignal,
  attempt: { startedAtMs: number; headers: Record<string, string>; answer: SendAnswer },
): Sent {
  return concludeAttempt(delivery, settings, {
    ...attempt,
    id: newId<AttemptId>(attempt.startedAtMs),
    endedAtMs: options.clock.databaseNow(),
    isInterrupted: isInterrupted(attempt.answer, signal),
    random: options.random(),
  });
}

/** Stopped from here: it says nothing about the receiver. */
function isInterrupted(answer: SendAnswer, signal: AbortSignal): boolean {
  return answer.kind === 'error' && (answer.error.code === 'aborted' || signal.aborted);
}

function internalError(error: unknown, durationMs: number): SendAnswer {
  const message =
    error instanceof SendProblem
      ? error.message
      : 'The attempt failed inside opsforge; its log tells why.';
  return {
    kind: 'error',
    error: { code: internalErrorCode, message },
    statusCode: null,
    durationMs,
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
    remoteAddress: null,
  };
}

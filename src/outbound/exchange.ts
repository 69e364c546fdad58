/**
 * One outbound request and its result, as callers see them, and the `Exchange` that the transports
 * fill in while it runs, so that a failure can tell how far it came.
 */
import type { ClientCertificate } from '../domain/receiver-auth.ts';
import type { Target } from './target.ts';

export type OutboundMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export type OutboundRequest = {
  method: OutboundMethod;
  /** As `parseOutboundUrl` takes it. */
  url: string;
  /** `host`, `content-length` and what else belongs to the connection is set here, never taken. */
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /**
   * From the moment a slot is free until the last byte of the answer: DNS, connecting, all of it.
   */
  timeoutMs: number;
  /**
   * True: connection and TLS are timed, on a connection of its own, at under half the throughput.
   */
  phases: boolean;
  /** Shown to an https receiver that asks for one; connections are never shared between two. */
  clientCertificate?: ClientCertificate | null;
  signal?: AbortSignal;
};

/** Each the length of its own phase, null where not measured. `firstByteMs` counts from where the
 *  request could be written (fetch: from the end of DNS) to the head of the answer. */
export type Timings = {
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  firstByteMs: number | null;
};

export type OutboundErrorCode =
  | 'address_forbidden'
  | 'dns_failed'
  | 'connection_refused'
  | 'connection_failed'
  | 'connection_reset'
  | 'tls_failed'
  | 'timeout'
  | 'invalid_answer'
  /** Stopped from here (signal, close, or too many waiting): says nothing about the receiver. */
  | 'aborted';

export type OutboundError = { code: OutboundErrorCode; message: string };

export type OutboundResult =
  | {
      kind: 'answer';
      statusCode: number;
      /**
       * Names in lower case, repeated ones joined by ", "; at most 64, 4 KiB each, 16 KiB in all.
       */
      headers: Record<string, string>;
      /** The first 16 KiB as UTF-8; what is not UTF-8, and U+0000, as U+FFFD. */
      body: string;
      /** Whole milliseconds, without the wait for a slot. */
      durationMs: number;
      timings: Timings;
      remoteAddress: string;
    }
  | {
      kind: 'error';
      error: OutboundError;
      /** Set when the answer began and did not end. */
      statusCode: number | null;
      durationMs: number;
      timings: Timings;
      remoteAddress: string | null;
    };

export type Phase = 'resolve' | 'connect' | 'proxy' | 'tls' | 'answer' | 'body';

export type Exchange = {
  readonly method: OutboundMethod;
  readonly target: Target;
  /** Vetted; connections go to these and nowhere else. */
  addresses: readonly string[];
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly clientCertificate: ClientCertificate | null;
  readonly signal: AbortSignal;
  readonly timings: Timings;
  phase: Phase;
  remoteAddress: string | null;
  statusCode: number | null;
};

export type Answer = { statusCode: number; headers: Record<string, string>; body: string };

/** A failure that was understood where it happened; everything else that is thrown is classified
 *  by its code in failures.ts. Never leaves this folder. */
export class ExchangeFailure extends Error {
  readonly code: OutboundErrorCode;

  constructor(code: OutboundErrorCode, message: string) {
    super(message);
    this.name = 'ExchangeFailure';
    this.code = code;
  }
}

export function hostAndPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Milliseconds since `startedMs` (monotonic), to a hundredth: finer is noise to who reads it. */
export function msSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 100) / 100;
}

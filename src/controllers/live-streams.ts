/**
 * The open streams of Server-Sent Events of this process: bounded for each tenant and in all, kept
 * alive by a comment, ended when their credential ends, when their client does not read, and at the
 * stop of the service. Whoever comes back sends `Last-Event-ID` and misses nothing.
 */
import { AppError } from '../domain/errors.ts';
import type { SessionId, TenantId } from '../domain/ids.ts';
import type { Log } from '../lib/log.ts';
import type { LiveMessage } from '../usecases/live/live-feed.ts';
import type { PageFeeds } from '../usecases/live/page-feeds.ts';

export type LiveSource = {
  tenantId: TenantId;
  /** Of a browser, whose pages are bounded together; null for keys, which the tenant's are. */
  session: SessionId | null;
  attach(sinceMs: number | null, onMessage: (message: LiveMessage) => void): () => void;
  /** Throws AppError when the credential may not go on. */
  authorise(): Promise<void>;
};

export type LiveStreams = {
  /** Throws AppError `rate_limited` or `unavailable` when there are too many. */
  open(request: Request, source: LiveSource): Response;
  /** After a change of credentials, of one tenant or of any; and at the latest after 30 s. */
  recheck(tenantId: TenantId | null): void;
  /** Ends them all, and refuses new ones. */
  stop(): void;
  count(): number;
};

/** What the stream of an open page needs. */
export type PageLiveDeps = { pages: PageFeeds; streams: Pick<LiveStreams, 'open'> };

type LiveStreamsOptions = {
  /** How long the request's connection may be silent or stuck; 0: for ever. */
  limitIdle(request: Request, seconds: number): void;
  /** Whether a change of credentials would be heard of. */
  changesHeard(): boolean;
  log: Log;
  streamsMax?: number;
  tenantStreamsMax?: number;
  sessionStreamsMax?: number;
};

/** 30 KB each (docs/decisions/0016): 150 MB. Another process takes those beyond. */
const streamsMaxDefault = 5_000;
/** So that one tenant leaves room for others. */
const tenantStreamsMaxDefault = 2_500;
/** More windows than anybody has in view; a page that is not in view has no stream. */
const sessionStreamsMaxDefault = 50;
/** Proxies end a connection that is silent for 30 s or 60 s. */
const commentEveryMs = 15_000;
const recheckEveryMs = 30_000;
const tendEveryMs = 1_000;
/** Behind what the system's own buffers hold; a client that is behind by so much does not read. */
const unreadBytesMax = 256 * 1024;
/** After a loss; spread, since a restart loses all of them together. */
const retryMsMin = 1_000;
const retryMsMax = 4_000;
const retryAfterMs = 5_000;
/** For the rest of a stream that has ended, and its connection: a client may not read at all. */
const endedIdleSeconds = 5;

const cursorPattern = /^\d{12,15}$/;
const encoder = new TextEncoder();
const comment = encoder.encode(':\n\n');

type Open = {
  request: Request;
  source: LiveSource;
  controller: ReadableStreamDefaultController<Uint8Array>;
  leave(): void;
  writtenAtMs: number;
  checkedAtMs: number;
};

export function createLiveStreams(options: LiveStreamsOptions): LiveStreams {
  const {
    streamsMax = streamsMaxDefault,
    tenantStreamsMax = tenantStreamsMaxDefault,
    sessionStreamsMax = sessionStreamsMaxDefault,
  } = options;
  const streams = new Set<Open>();
  const counts = new Map<TenantId | SessionId, number>();
  /** The same message for many viewers is encoded once. */
  const encoded = new WeakMap<LiveMessage, Uint8Array>();
  let stopped = false;
  let timer: ReturnType<typeof setInterval> | undefined;

  function forget(open: Open): boolean {
    if (!streams.delete(open)) return false;
    open.leave();
    for (const id of holdersOf(open.source)) {
      const left = (counts.get(id) ?? 1) - 1;
      if (left > 0) counts.set(id, left);
      else counts.delete(id);
    }
    if (streams.size === 0) clearInterval(timer);
    return true;
  }

  function end(open: Open): void {
    if (!forget(open)) return;
    // Not an error: Bun would hold on to the connection until its client reads.
    open.controller.close();
    options.limitIdle(open.request, endedIdleSeconds);
  }

  function write(open: Open, bytes: Uint8Array): void {
    if ((open.controller.desiredSize ?? 0) <= 0) {
      end(open);
      return;
    }
    open.controller.enqueue(bytes);
    open.writtenAtMs = performance.now();
  }

  function encode(message: LiveMessage): Uint8Array {
    const { cursor, text } = message;
    const bytes =
      encoded.get(message) ??
      encoder.encode(`event: change\n${cursor === null ? '' : `id: ${cursor}\n`}data: ${text}\n\n`);
    encoded.set(message, bytes);
    return bytes;
  }

  async function check(open: Open): Promise<void> {
    open.checkedAtMs = performance.now();
    try {
      await open.source.authorise();
    } catch (error) {
      // While the database is away nothing is known, and nothing is sent either.
      if (error instanceof AppError && error.code === 'unavailable') return;
      if (!(error instanceof AppError)) options.log.error({ err: error }, 'a stream is ended');
      end(open);
    }
  }

  function tend(): void {
    const nowMs = performance.now();
    const checkAgeMs = options.changesHeard() ? recheckEveryMs : 0;
    for (const open of streams) {
      if (nowMs - open.checkedAtMs >= checkAgeMs) void check(open);
      if (nowMs - open.writtenAtMs >= commentEveryMs) write(open, comment);
    }
  }

  function requireRoom({ tenantId, session }: LiveSource): void {
    requireBelow(counts.get(tenantId) ?? 0, tenantStreamsMax, 'This tenant');
    if (session !== null) {
      requireBelow(counts.get(session) ?? 0, sessionStreamsMax, 'Who is signed in here');
    }
    if (stopped || streams.size >= streamsMax) {
      const detail = 'No more streams can be opened here now. Try again.';
      throw new AppError('unavailable', detail, { retryAfterMs });
    }
    if (streams.size === 0) {
      timer = setInterval(tend, tendEveryMs);
      timer.unref();
    }
  }

  return {
    open(request, source) {
      requireRoom(source);
      for (const id of holdersOf(source)) counts.set(id, (counts.get(id) ?? 0) + 1);
      options.limitIdle(request, 0);
      const sinceMs = readCursor(request.headers.get('last-event-id'));
      let open: Open;
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            const nowMs = performance.now();
            const times = { writtenAtMs: nowMs, checkedAtMs: nowMs };
            open = { request, source, controller, leave() {}, ...times };
            streams.add(open);
            const retryMs = retryMsMin + Math.random() * (retryMsMax - retryMsMin);
            write(open, encoder.encode(`retry: ${Math.round(retryMs)}\n\n`));
            open.leave = source.attach(sinceMs, (message) => write(open, encode(message)));
          },
          cancel: () => void forget(open),
        },
        new ByteLengthQueuingStrategy({ highWaterMark: unreadBytesMax }),
      );
      // Proxies that buffer answers (nginx) would hold it back.
      const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
      return new Response(body, { headers });
    },
    recheck(tenantId) {
      for (const open of streams) {
        if (tenantId === null || open.source.tenantId === tenantId) void check(open);
      }
    },
    stop() {
      stopped = true;
      for (const open of streams) end(open);
    },
    count: () => streams.size,
  };
}

const holdersOf = ({ tenantId, session }: LiveSource) =>
  session === null ? [tenantId] : [tenantId, session];

function requireBelow(count: number, max: number, who: string): void {
  if (count < max) return;
  const detail = `${who} has ${count} open streams, as many as there may be. Close some.`;
  throw new AppError('rate_limited', detail, { retryAfterMs });
}

/** One that is none of ours is as if there was none. */
function readCursor(text: string | null): number | null {
  return text !== null && cursorPattern.test(text) ? Number(text) : null;
}

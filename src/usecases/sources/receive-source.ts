/**
 * A webhook from elsewhere: its signature verified over the exact bytes, it becomes an event by the
 * same way as a posted one. Whoever knows the address of a source may try, so nothing is said
 * before the signature holds but that the source is there; sources come from a cache.
 */
import { AppError, type ErrorCode, notFound } from '../../domain/errors.ts';
import type { ProjectId, SourceId, TenantId } from '../../domain/ids.ts';
import { readSourceBody } from '../../domain/sources/body.ts';
import { sourceEventType, sourceKey, sourceMetadata } from '../../domain/sources/event.ts';
import { answerCrc } from '../../domain/sources/hmac.ts';
import { sourceRules } from '../../domain/sources/kinds.ts';
import type { Challenge, SourceContent } from '../../domain/sources/source.ts';
import { createCoherentCache } from '../../lib/coherent-cache.ts';
import { findSourceTenant } from '../../repositories/credentials.ts';
import { findSource, type SourceRow } from '../../repositories/sources.ts';
import type { Deps } from '../context.ts';
import type { EventAcceptor } from '../webhooks/accept-event.ts';
import type { AcceptedEvent } from '../webhooks/candidate.ts';
import { openSecrets, type SourceSecret, validSecrets } from './secrets.ts';
import { createSourceCounter } from './source-counts.ts';
import { sourceUrl } from './view.ts';

export type SourceMessage = {
  headers: Headers;
  /** With its question mark, or empty. */
  query: string;
  body: Uint8Array;
  /** As of a posted event: opsforges may be each other's senders. */
  hops: number;
};

export type Received =
  | { kind: 'accepted'; event: AcceptedEvent }
  | { kind: 'challenge'; challenge: Challenge };

export type SourceReceiver = {
  /** @throws AppError `not_found`, `unauthenticated` for a bad signature, or as accepting does */
  receive(id: SourceId, message: SourceMessage): Promise<Received>;
  /** @throws AppError `not_found` also where no such challenge is answered */
  answerCrc(id: SourceId, token: string): Promise<Challenge>;
  dropTenant(tenantId: TenantId): void;
  clear(): void;
  /** Writes what was counted of messages since the last time. */
  flushCounts(): Promise<void>;
};

type CachedSource = { tenantId: TenantId; row: SourceRow; secrets: SourceSecret[] };

const cachedSourcesMax = 10_000;
/** For senders that ask when to come again: people resume it, so nobody knows. */
const retryAfterMs = 60_000;
const pausedReason = 'the source was paused';

export function createSourceReceiver(
  options: Pick<Deps, 'database' | 'clock' | 'secretBox' | 'publicUrl'> & {
    acceptor: Pick<EventAcceptor, 'accept'>;
    cacheTrusted(): boolean;
  },
): SourceReceiver {
  const { clock, acceptor } = options;
  // Unknown ones are not kept: a guesser would push out the good ones.
  const cache = createCoherentCache<SourceId, CachedSource>({
    load: (id) => loadSource(options, id),
    trusted: options.cacheTrusted,
    monotonicMs: clock.monotonicMs,
    entriesMax: cachedSourcesMax,
  });

  const counter = createSourceCounter(options);

  return {
    async receive(id, message) {
      const { tenantId, row, secrets } = await cache.get(id);
      const source = { tenantId, id };
      const { body, headers } = message;
      const nowMs = clock.databaseNow();
      const contentType = headers.get('content-type') ?? '';
      const refusal = sourceRules[row.kind].verify(
        {
          url: sourceUrl(id, options) + message.query,
          ...{ headers, body, contentType },
          nowSeconds: Math.floor(nowMs / 1_000),
          settings: row.settings,
        },
        validSecrets(secrets, nowMs),
      );
      if (refusal !== null) {
        counter.count(source, 'refused', refusal);
        throw refused(refusal);
      }
      const { payload, value, form } = readSourceBody(body, contentType);
      const content: SourceContent = { headers, settings: row.settings, value, form };
      const challenge = sourceRules[row.kind].challenge(content);
      if (challenge !== null) return { kind: 'challenge', challenge };
      if (row.pausedAt !== null) {
        counter.count(source, 'refused', pausedReason);
        throw new AppError('unavailable', 'This source is paused.', { retryAfterMs });
      }
      const event = await acceptMessage(acceptor, {
        ...{ tenantId, row, content, payload },
        hops: message.hops,
      }).catch((error: unknown) => {
        const reason = error instanceof AppError ? notTaken[error.code] : undefined;
        if (reason !== undefined) counter.count(source, 'refused', reason);
        throw error;
      });
      counter.count(source, event.duplicate ? 'repeated' : 'accepted', '');
      return { kind: 'accepted', event };
    },
    async answerCrc(id, token) {
      const { row, secrets } = await cache.get(id);
      const valid = validSecrets(secrets, clock.databaseNow());
      const challenge = row.kind === 'hmac' ? answerCrc(token, row.settings, valid) : null;
      if (challenge === null) throw notFound('source that answers this crc_token', id);
      return challenge;
    },
    dropTenant: (tenantId) => cache.dropWhere((source) => source.tenantId === tenantId),
    clear: () => cache.clear(),
    flushCounts: counter.flush,
  };
}

async function loadSource(
  { database, secretBox }: Pick<Deps, 'database' | 'secretBox'>,
  id: SourceId,
): Promise<CachedSource> {
  const tenantId = await database.withLookup((tx) => findSourceTenant(tx, id));
  const row =
    tenantId === null ? null : await database.withTenant(tenantId, (tx) => findSource(tx, id));
  if (tenantId === null || row === null) throw notFound('source', id);
  return { tenantId, row, secrets: openSecrets(row.secretsEncrypted, secretBox) };
}

/** Signed as it should be, and still no event. What is down says so elsewhere. */
const notTaken: { [Code in ErrorCode]?: string } = {
  invalid: 'it makes no event: its type or metadata is not one',
  too_large: 'it is too large for an event',
  rate_limited: 'the quota of events was used up',
};

const refused = (refusal: string) =>
  new AppError('unauthenticated', `This is not taken as the source's own message: ${refusal}.`);

/** The one place where a message meets the way of posted events. */
function acceptMessage(
  acceptor: Pick<EventAcceptor, 'accept'>,
  message: {
    tenantId: TenantId;
    row: SourceRow;
    content: SourceContent;
    payload: string;
    hops: number;
  },
): Promise<AcceptedEvent> {
  const { tenantId, row, content, payload, hops } = message;
  const type = JSON.stringify(sourceEventType(row, content));
  const metadata = JSON.stringify(sourceMetadata(row, content));
  const projectId: ProjectId = row.projectId;
  return acceptor.accept(
    { tenantId, actor: { id: null, projectId, scopes: ['events:write'] } },
    {
      // The payload is JSON (readSourceBody), so it ends where it seems to end.
      text: `{"type":${type},"metadata":${metadata},"payload":${payload}}`,
      idempotencyKey: sourceKey(row, content),
      // Senders do not repeat themselves to the byte: Stripe counts pending_webhooks anew.
      keyDecides: true,
      hops,
    },
  );
}

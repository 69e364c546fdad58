/**
 * `Authorization: Bearer ofk_…` → who it is, from a cache of hashes: the hot path asks the database
 * once for each key. A revoked key stops at once in this process and within 1 s in the others
 * (announceChange); an expired one at its time. A key with a rate limit may make so many requests a
 * second of each process, and those of one second at once; docs/decisions/0015 has the bounds.
 */
import { TokenBucket } from '../../domain/dispatch/token-bucket.ts';
import { AppError } from '../../domain/errors.ts';
import type { ApiKeyId, TenantId } from '../../domain/ids.ts';
import { createAbsences } from '../../lib/absences.ts';
import type { Clock } from '../../lib/clock.ts';
import { type CoherentCache, createCoherentCache } from '../../lib/coherent-cache.ts';
import { findKeyByHash, type StoredKey } from '../../repositories/credentials.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { Actor } from '../context.ts';

export type Identity = { tenantId: TenantId; actor: Extract<Actor, { kind: 'api_key' }> };

export type KeyAuthenticator = {
  /**
   * Throws AppError `unauthenticated`, `rate_limited`, or `unavailable` while the database is away.
   */
  authenticate(authorization: string | null): Promise<Identity>;
  dropTenant(tenantId: TenantId): void;
  clear(): void;
  /** Keys used since the last call, for `last_used_at`. */
  takeUsed(): Identity[];
};

type CachedKey = StoredKey & { identity: Identity };

const keyPattern = /^Bearer +(ofk_[A-Za-z0-9_-]{20,100})$/i;
const cachedKeysMax = 10_000;
/**
 * Beside the good ones, which a guesser would push out; some 100 bytes each. A program that was
 * left with a dead key asks for that one.
 */
const unknownKeysMax = 10_000;
/** Nobody knows a key before it is made; should its announcement be lost, this bounds the harm. */
const unknownKeyAgeMsMax = 60_000;
/** What a key with a limit left unused it may still use for so long: a page loads in one go. */
const keptSeconds = 1;

const unauthenticated = (detail: string) => new AppError('unauthenticated', detail);
/** One text for both: whether a key once existed is nobody's business. */
const unknownKey = () => unauthenticated('This API key is unknown or revoked.');

export function createKeyAuthenticator(options: {
  database: Database;
  clock: Clock;
  cacheTrusted(): boolean;
}): KeyAuthenticator {
  const used = new Map<string, Identity>();
  const limit = createRateLimits(options.clock);
  const unknown = createAbsences({
    trusted: options.cacheTrusted,
    monotonicMs: options.clock.monotonicMs,
    entriesMax: unknownKeysMax,
    ageMsMax: unknownKeyAgeMsMax,
  });
  const cache: CoherentCache<string, CachedKey> = createCoherentCache({
    load: (hash) => loadKey(options.database, hash),
    trusted: options.cacheTrusted,
    monotonicMs: options.clock.monotonicMs,
    entriesMax: cachedKeysMax,
  });

  async function lookUp(hash: string): Promise<CachedKey> {
    if (unknown.has(hash)) throw unknownKey();
    const noteUnknown = unknown.beforeLooking();
    try {
      return await cache.get(hash);
    } catch (error) {
      if (error instanceof AppError && error.code === 'unauthenticated') noteUnknown(hash);
      throw error;
    }
  }

  return {
    async authenticate(authorization) {
      if (authorization === null) {
        throw unauthenticated('Send an API key: Authorization: Bearer ofk_…');
      }
      const key = keyPattern.exec(authorization)?.[1];
      if (key === undefined) {
        throw unauthenticated('The Authorization header is not of the form Bearer ofk_…');
      }
      const hash = Bun.SHA256.hash(key, 'hex');
      const found = cache.peek(hash) ?? (await lookUp(hash));
      if (found.expiresAt !== null && found.expiresAt.getTime() <= options.clock.databaseNow()) {
        throw unauthenticated('This API key has expired.');
      }
      used.set(found.id, found.identity);
      if (found.rateLimitPerSecond !== null) limit(found.id, found.rateLimitPerSecond);
      return found.identity;
    },
    dropTenant(tenantId) {
      cache.dropWhere((key) => key.tenantId === tenantId);
      unknown.clear();
    },
    clear() {
      cache.clear();
      unknown.clear();
    },
    takeUsed() {
      const taken = [...used.values()];
      used.clear();
      return taken;
    },
  };
}

/**
 * Beside the cache of keys, which any change of the tenant's keys empties: what was used stays
 * used. Nothing is written down: a bucket that is made anew begins with a tenth of a second's
 * requests, so neither a restart nor being pushed out gives a key more than waiting would.
 */
function createRateLimits({ monotonicMs }: Pick<Clock, 'monotonicMs'>) {
  const buckets = new Map<ApiKeyId, { bucket: TokenBucket; perSecond: number }>();
  return (id: ApiKeyId, perSecond: number): void => {
    const nowMs = monotonicMs();
    let held = buckets.get(id);
    if (held === undefined) {
      held = { bucket: new TokenBucket(perSecond, nowMs, keptSeconds), perSecond };
      buckets.set(id, held);
      if (buckets.size > cachedKeysMax) {
        const oldest = buckets.keys().next();
        if (!oldest.done) buckets.delete(oldest.value);
      }
    } else if (held.perSecond !== perSecond) {
      held.perSecond = perSecond;
      held.bucket.setRate(perSecond, nowMs);
    }
    const waitMs = held.bucket.waitMs(nowMs);
    if (waitMs > 0) {
      const detail = `This API key may make ${perSecond} requests a second. Send it again later.`;
      throw new AppError('rate_limited', detail, { retryAfterMs: waitMs });
    }
    held.bucket.take(nowMs);
  };
}

async function loadKey(database: Database, hash: string): Promise<CachedKey> {
  const key = await database.withLookup((tx) => findKeyByHash(tx, Buffer.from(hash, 'hex')));
  if (key === null || key.revokedAt !== null) throw unknownKey();
  const { id, tenantId, projectId, scopes } = key;
  return { ...key, identity: { tenantId, actor: { kind: 'api_key', id, projectId, scopes } } };
}

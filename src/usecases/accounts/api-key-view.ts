/** An API key as clients see it; never the key itself. */
import type { ApiKeyRow } from '../../repositories/api-keys.ts';
import type { ApiKey } from './schemas.ts';

export function toApiKey(row: ApiKeyRow): ApiKey {
  const perSecond = row.rateLimitPerSecond;
  return {
    id: row.id,
    name: row.name,
    projectId: row.projectId,
    scopes: row.scopes,
    keyHint: row.keyHint,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    rateLimit: perSecond === null ? null : { perSecond },
    createdAt: row.createdAt.toISOString(),
  };
}

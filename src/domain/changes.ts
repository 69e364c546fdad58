/** What changed, so that caches here and in other processes drop it (repositories/wake-ups.ts). */
import type { EndpointId, TenantId, UserId } from './ids.ts';

export type Change =
  | { kind: 'endpoints'; tenantId: TenantId; endpointId: EndpointId }
  | { kind: 'api_keys'; tenantId: TenantId }
  | { kind: 'projects'; tenantId: TenantId }
  | { kind: 'sources'; tenantId: TenantId }
  /** A link was revoked, or how the portal looks has changed. */
  | { kind: 'portal'; tenantId: TenantId }
  /** One was made: the loop looks at once. */
  | { kind: 'replays'; tenantId: TenantId }
  /** Their sessions, name or memberships. */
  | { kind: 'people'; userId: UserId }
  | { kind: 'quotas'; tenantId: TenantId };

export const changeKinds: ReadonlySet<string> = new Set<Change['kind']>([
  'endpoints',
  'api_keys',
  'projects',
  'sources',
  'portal',
  'replays',
  'people',
  'quotas',
]);

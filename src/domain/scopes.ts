/**
 * What an API key may do: a closed list of `thing:write` and `thing:read`. Write includes read of
 * the same thing (what may be changed may be looked at); `admin` includes everything. That a key
 * bound to a project stays within it is checked apart from its scopes.
 */
export const scopes = [
  'events:write',
  'events:read',
  'endpoints:write',
  'endpoints:read',
  'deliveries:write',
  'deliveries:read',
  'projects:write',
  'projects:read',
  'api-keys:write',
  'api-keys:read',
  'monitors:write',
  'monitors:read',
  'slos:write',
  'slos:read',
  'alerts:write',
  'alerts:read',
  'incidents:write',
  'incidents:read',
  'sources:write',
  'sources:read',
  'portal-links:write',
  'portal-links:read',
  'status-pages:write',
  'status-pages:read',
  'members:write',
  'members:read',
  'audit-log:read',
  'usage:read',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];

const tenantWide: readonly Scope[] = ['members:write', 'members:read', 'admin'];

/** What a project's own key gets from `bootstrap`: all that can be meant within one project. */
export const projectScopes: readonly Scope[] = scopes.filter(
  (scope) => !tenantWide.includes(scope),
);

/** For scopes that come from outside: a request, or a row that an older version wrote. */
export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

export function allows(granted: readonly Scope[], wanted: Scope): boolean {
  if (granted.includes('admin') || granted.includes(wanted)) return true;
  if (!wanted.endsWith(':read')) return false;
  const writing = `${wanted.slice(0, -':read'.length)}:write`;
  return granted.some((scope) => scope === writing);
}

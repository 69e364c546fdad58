/**
 * What a member of a tenant may do: each role is a set of the scopes that API keys have, so that
 * one check holds for both. An owner differs from an admin by what only `owner` is asked for:
 * making and removing owners, and deleting the tenant.
 */
import { type Scope, scopes } from './scopes.ts';

export const roles = ['owner', 'admin', 'member', 'viewer'] as const;

export type Role = (typeof roles)[number];

const readable = scopes.filter((scope) => scope.endsWith(':read'));
/** What everyone may know of the tenant; keys and the audit log are for those who run it. */
const viewing = readable.filter((scope) => !['api-keys:read', 'audit-log:read'].includes(scope));
/** A member runs webhooks and monitors, but not who may do so. */
const working = scopes.filter(
  (scope) =>
    scope.endsWith(':write') &&
    !['members:write', 'api-keys:write', 'projects:write'].includes(scope),
);

const scopesOfRole: Record<Role, readonly Scope[]> = {
  owner: ['admin'],
  admin: ['admin'],
  member: [...viewing, ...working, 'api-keys:read'],
  viewer: viewing,
};

export function scopesOf(role: Role): readonly Scope[] {
  return scopesOfRole[role];
}

/** What each role may do, in words; src/domain/roles.ts is what decides. */
import type { Role } from '../src/domain/roles.ts';

export const roleWords: Record<Role, { label: string; text: string }> = {
  owner: { label: 'Owner', text: 'Everything, and alone makes and removes owners' },
  admin: { label: 'Admin', text: 'Everything but making and removing owners' },
  member: { label: 'Member', text: 'Sends and replays, changes endpoints; not people or keys' },
  viewer: { label: 'Viewer', text: 'Reads events, deliveries and endpoints; changes nothing' },
};

/** In the order of the table; who may is held to the scopes by a test. */
export const roleRights: readonly { text: string; not: string; roles: readonly Role[] }[] = [
  {
    text: 'See events and deliveries',
    not: 'Not events, deliveries or endpoints',
    roles: ['owner', 'admin', 'member', 'viewer'],
  },
  {
    text: 'Send, replay, change endpoints',
    not: 'Not sending, or changing endpoints',
    roles: ['owner', 'admin', 'member'],
  },
  {
    text: 'Projects, keys, people, audit log',
    not: 'Not projects, keys or people',
    roles: ['owner', 'admin'],
  },
  {
    text: 'Make and remove owners',
    not: 'Not owners',
    roles: ['owner'],
  },
];

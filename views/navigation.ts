/**
 * The menu: one list, which the sidebar, the phone's menu, the palette and the keys `G x` read.
 * Whoever makes a page adds its line here; nothing stands here that has no page.
 */
import type { Scope } from '../src/domain/scopes.ts';
import type { IconName } from './components/icon.tsx';

/** Below `/t/{tenant}/p/{project}`, or below `/t/{tenant}` where a page is the tenant's. */
type NavItem = {
  id: string;
  name: string;
  icon: IconName;
  path: string;
  of: 'project' | 'tenant';
  /** Pressed after G. */
  key?: string;
  /** Who lacks it does not see the entry; the use case refuses in any case. */
  scope?: Scope;
};

type NavGroup = { name: string | null; items: readonly NavItem[] };

export const navigation = [
  {
    name: null,
    items: [
      {
        id: 'overview',
        name: 'Overview',
        icon: 'layout-dashboard',
        path: '',
        of: 'project',
        key: 'o',
      },
    ],
  },
  {
    name: 'Deliver',
    items: [
      {
        id: 'events',
        name: 'Events',
        icon: 'inbox',
        path: '/events',
        of: 'project',
        key: 'v',
        scope: 'events:read',
      },
      {
        id: 'deliveries',
        name: 'Deliveries',
        icon: 'send',
        path: '/deliveries',
        of: 'project',
        key: 'd',
        scope: 'deliveries:read',
      },
      {
        id: 'endpoints',
        name: 'Endpoints',
        icon: 'webhook',
        path: '/endpoints',
        of: 'project',
        key: 'e',
        scope: 'endpoints:read',
      },
      {
        id: 'sources',
        name: 'Sources',
        icon: 'git-pull-request-arrow',
        path: '/sources',
        of: 'project',
        scope: 'sources:read',
      },
      {
        id: 'portal',
        name: 'Portal',
        icon: 'external-link',
        path: '/portal',
        of: 'project',
        scope: 'portal-links:read',
      },
    ],
  },
  {
    name: 'Run',
    items: [
      { id: 'projects', name: 'Projects', icon: 'folder', path: '/projects', of: 'tenant' },
      { id: 'settings', name: 'Settings', icon: 'settings-2', path: '/settings', of: 'tenant' },
    ],
  },
] as const satisfies readonly NavGroup[];

export type NavId = (typeof navigation)[number]['items'][number]['id'];

export type NavEntry = Omit<NavItem, 'path' | 'of'> & { href: string };

/** Where the reader is; `project` is null on a tenant's own pages before one was opened. */
export type Place = {
  tenant: { slug: string; name: string };
  project: { slug: string; name: string } | null;
};

export function tenantPath(tenant: { slug: string }, path = ''): string {
  return `/t/${tenant.slug}${path}`;
}

/** A person's own pages: in the tenant where they are, or in none. */
export function accountPath(tenant: { slug: string } | null, path = ''): string {
  return `${tenant === null ? '/account' : tenantPath(tenant, '/settings/security')}${path}`;
}

export function projectPath(place: Place, path = ''): string {
  const { tenant, project } = place;
  if (project === null) return tenantPath(tenant, '/projects');
  return tenantPath(tenant, `/p/${project.slug}${path}`);
}

/** The entries that this reader may open, with their addresses. */
export function listEntries(
  place: Place,
  may: (scope: Scope) => boolean,
): { name: string | null; items: NavEntry[] }[] {
  const groups: readonly NavGroup[] = navigation;
  return groups
    .map(({ name, items }) => ({
      name,
      items: items
        .filter(
          ({ of, scope }) => (of === 'tenant' || place.project !== null) && (!scope || may(scope)),
        )
        .map(({ path, of, ...item }) => ({
          ...item,
          href: of === 'tenant' ? tenantPath(place.tenant, path) : projectPath(place, path),
        })),
    }))
    .filter(({ items }) => items.length > 0);
}

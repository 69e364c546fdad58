/** The parts of the tenant's settings: one list, which the tabs and the way in read. */
import type { Scope } from '../src/domain/scopes.ts';
import { Tabs } from './components/filters.tsx';
import { tenantPath } from './navigation.ts';

type Setting = {
  id: string;
  name: string;
  path: string;
  /** Who lacks it does not see the tab; the use case refuses in any case. */
  scope?: Scope;
};

/** In the order of the tabs. */
const settings = [
  { id: 'keys', name: 'API keys', path: '/settings/keys', scope: 'api-keys:read' },
  { id: 'audit', name: 'Audit log', path: '/settings/audit', scope: 'audit-log:read' },
] as const satisfies readonly Setting[];

export type SettingId = (typeof settings)[number]['id'];

export type SettingEntry = { id: string; name: string; href: string };

/** Those that this reader may open, with their addresses. */
export function listSettings(
  tenant: { slug: string },
  may: (scope: Scope) => boolean,
): SettingEntry[] {
  const all: readonly Setting[] = settings;
  return all
    .filter(({ scope }) => scope === undefined || may(scope))
    .map(({ id, name, path }) => ({ id, name, href: tenantPath(tenant, path) }));
}

export function SettingsTabs(props: { entries: readonly SettingEntry[]; current: SettingId }) {
  const items = props.entries.map(({ id, name, href }) => ({
    ...{ label: name, href, current: id === props.current },
  }));
  return <Tabs items={items} label="Settings" />;
}

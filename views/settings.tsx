/** What the pages of Settings share: their tabs. Whoever makes such a page adds its line. */
import type { Scope } from '../src/domain/scopes.ts';
import { Tabs } from './components/filters.tsx';
import { tenantPath } from './navigation.ts';

type SettingsTab = {
  id: string;
  label: string;
  /** Below `/t/{tenant}/settings`. */
  path: string;
  /** Who lacks it does not see the tab; the use case refuses in any case. */
  scope?: Scope;
};

export const settingsTabs = [
  { id: 'team', label: 'Team', path: '/team', scope: 'members:read' },
  { id: 'keys', label: 'API keys', path: '/keys', scope: 'api-keys:read' },
  { id: 'security', label: 'Security', path: '/security' },
  { id: 'audit', label: 'Audit log', path: '/audit', scope: 'audit-log:read' },
  { id: 'usage', label: 'Usage', path: '/usage', scope: 'usage:read' },
] as const satisfies readonly SettingsTab[];

export type SettingsTabId = (typeof settingsTabs)[number]['id'];

/** The reader: where, and what they may. */
export type SettingsReader = { tenant: { slug: string }; may(scope: Scope): boolean };

/** Those that this reader may open, with their addresses. */
export function listSettings({ tenant, may }: SettingsReader) {
  const tabs: readonly SettingsTab[] = settingsTabs;
  return tabs
    .filter(({ scope }) => scope === undefined || may(scope))
    .map(({ id, label, path }) => ({ id, label, href: tenantPath(tenant, `/settings${path}`) }));
}

export function SettingsTabs(props: SettingsReader & { current: SettingsTabId }) {
  const items = listSettings(props).map(({ id, label, href }) => ({
    ...{ label, href, current: id === props.current },
  }));
  return <Tabs items={items} label="Settings" />;
}

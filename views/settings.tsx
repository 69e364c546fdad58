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
  { id: 'security', label: 'Security', path: '/security' },
] as const satisfies readonly SettingsTab[];

export type SettingsTabId = (typeof settingsTabs)[number]['id'];

export function SettingsTabs(props: {
  tenant: { slug: string };
  current: SettingsTabId;
  may(scope: Scope): boolean;
}) {
  const { tenant, current, may } = props;
  const tabs: readonly SettingsTab[] = settingsTabs;
  const items = tabs
    .filter(({ scope }) => scope === undefined || may(scope))
    .map(({ id, label, path }) => ({
      label,
      href: tenantPath(tenant, `/settings${path}`),
      current: id === current,
    }));
  return <Tabs items={items} label="Settings" />;
}

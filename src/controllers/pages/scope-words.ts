/** What scopes mean in words, and the sets of them that most keys have. */
import { isScope, projectScopes, type Scope, scopes } from '../../domain/scopes.ts';

type NameOf<Text> = Text extends `${infer Name}:${string}` ? Name : never;
type Thing = NameOf<Scope>;
type Group = 'Deliver' | 'Watch' | 'Run';

/** `write`: the verb that changes it, where it is not "Change". */
const things: Record<Thing, { group: Group; name: string; write?: string }> = {
  events: { group: 'Deliver', name: 'events', write: 'Send' },
  deliveries: { group: 'Deliver', name: 'deliveries', write: 'Retry and cancel' },
  endpoints: { group: 'Deliver', name: 'endpoints' },
  sources: { group: 'Deliver', name: 'sources' },
  'portal-links': { group: 'Deliver', name: 'portal links' },
  monitors: { group: 'Watch', name: 'monitors' },
  slos: { group: 'Watch', name: 'SLOs' },
  alerts: { group: 'Watch', name: 'alerts' },
  incidents: { group: 'Watch', name: 'incidents' },
  'status-pages': { group: 'Watch', name: 'status pages' },
  projects: { group: 'Run', name: 'projects' },
  'api-keys': { group: 'Run', name: 'API keys' },
  members: { group: 'Run', name: 'people' },
  'audit-log': { group: 'Run', name: 'the audit log' },
  usage: { group: 'Run', name: 'usage' },
};

const groups: readonly Group[] = ['Deliver', 'Watch', 'Run'];

/** What a key may do in one choice; `custom` is what the checkboxes say. */
export const presets = ['send', 'read', 'all', 'custom'] as const;
export type Preset = (typeof presets)[number];

const scopesOfPreset: Record<Exclude<Preset, 'custom'>, readonly Scope[]> = {
  send: ['events:write'],
  read: projectScopes.filter((scope) => scope.endsWith(':read')),
  all: projectScopes,
};

const presetWords: Record<Exclude<Preset, 'custom'>, string> = {
  send: 'Send events',
  read: 'Read everything',
  all: 'Everything in a project',
};

export const presetChoices = [
  {
    value: 'send',
    label: 'Send events',
    text: 'For an application. It may read events too, and nothing else.',
  },
  {
    value: 'read',
    label: 'Read only',
    text: 'For reports and dashboards: sees all, changes none.',
  },
  {
    value: 'all',
    label: 'Everything in this project',
    text: 'For automation: all but people and the tenant itself.',
  },
  { value: 'custom', label: 'Chosen one by one', text: 'Changing a thing includes reading it.' },
] as const satisfies readonly { value: Preset; label: string; text: string }[];

export function scopesOfChoice(preset: Preset, chosen: readonly Scope[]): Scope[] {
  return [...(preset === 'custom' ? chosen : scopesOfPreset[preset])];
}

export function presetOf(granted: readonly string[]): Preset {
  return presets.find((preset) => preset !== 'custom' && isSame(granted, preset)) ?? 'custom';
}

function isSame(granted: readonly string[], preset: Exclude<Preset, 'custom'>): boolean {
  const wanted = scopesOfPreset[preset];
  return wanted.length === granted.length && wanted.every((scope) => granted.includes(scope));
}

/**
 * "Send events"; one for each scope unless they are a preset. One that a later version gave is shown
 * as it is called.
 */
export function scopeWords(granted: readonly string[]): string[] {
  const preset = presetOf(granted);
  if (preset !== 'custom') return [presetWords[preset]];
  const known = scopes.filter((scope) => granted.includes(scope)).map(wordOf);
  return [...known, ...granted.filter((text) => !isScope(text))];
}

type ThingScope = Exclude<Scope, 'admin'>;

// Safe because what stands before the colon of a scope is a thing.
const thingOf = (scope: ThingScope) => things[scope.slice(0, scope.indexOf(':')) as Thing];

function wordOf(scope: Scope): string {
  if (scope === 'admin') return 'Everything';
  const { name, write = 'Change' } = thingOf(scope);
  return `${scope.endsWith(':write') ? write : 'Read'} ${name}`;
}

export type ScopeGroup = { name: string; scopes: { value: string; label: string }[] };

/** All that may be chosen, by what it is for. */
export function scopeGroups(): ScopeGroup[] {
  const choice = (scope: Scope) => ({ value: scope, label: wordOf(scope) });
  const isOf = (scope: Scope, group: Group) => scope !== 'admin' && thingOf(scope).group === group;
  return [
    ...groups.map((name) => ({
      name,
      scopes: scopes.filter((scope) => isOf(scope, name)).map(choice),
    })),
    { name: 'Whole tenant', scopes: [choice('admin')] },
  ];
}

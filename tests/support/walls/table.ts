/**
 * What each route is to the walls suite, by `METHOD /path` as the router has it. Operations of the
 * API stand in the OpenAPI document and are tried by tests/http/every-operation.test.ts; each other
 * route needs a line here, or tests/walls.test.ts fails.
 */
import type { Role } from '../../../src/domain/roles.ts';
import { testPassword } from '../people.ts';
import type { ThingName } from './marked-tenant.ts';

/** Makes a thing of the tenant that is tried, named by its marker, and answers its id. */
type Make = (name: ThingName) => Promise<string>;

/** The things that the path's parameters name; the suite itself fills in tenant and project. */
type Items = { items?: Readonly<Record<string, ThingName>> };
/** The things that parameters of the query name; `plain`: parameters that name none. */
type Query = {
  query?: Readonly<Record<string, ThingName>>;
  plain?: Readonly<Record<string, string>>;
};
/** `least`: who may, of owner, admin, member, viewer. */
type Fields = {
  fields?:
    | Readonly<Record<string, string>>
    | ((make: Make, marker: string) => Promise<Record<string, string>>);
};

/** Asks for what the suite cannot know, as a code: it is refused where it was sent. */
type Refused = { refused?: true };

export type Wall =
  /** For anybody; says nothing of any tenant. */
  | { kind: 'public'; path?: string }
  /** A form for anybody: from our own pages only, and bounded. */
  | ({ kind: 'public form' } & Fields)
  /** Of whoever is signed in, in no tenant. */
  | { kind: 'person page' }
  | ({ kind: 'person form' } & Items & Fields & Refused)
  /** Below /t/:tenant; `least` is viewer unless named. One without end is read no further. */
  | ({ kind: 'page'; least?: Role; isEndless?: boolean } & Items & Query)
  /** Changes something below /t/:tenant; `least` is member unless named. */
  | ({ kind: 'form'; least?: Role } & Items & Fields & Refused)
  /** Below /portal/:token, whose token is the credential. `writes`: for who may change things. */
  | ({ kind: 'portal page'; writes?: boolean } & Items)
  /** Changes something below /portal/:token. */
  | ({ kind: 'portal form' } & Items & Fields);

/** A person's own pages, in a tenant (for all of its roles) and in none. */
function accountWalls(prefix: string, isTenants: boolean): Record<string, Wall> {
  const page: Wall = { kind: isTenants ? 'page' : 'person page' };
  const form: Wall = isTenants ? { kind: 'form', least: 'viewer' } : { kind: 'person form' };
  const currentPassword = testPassword;
  const newPassword = 'a quite different one';
  const code = { ...form, refused: true as const, fields: { code: '000000' } };
  return {
    [`GET ${prefix}`]: page,
    [`POST ${prefix}/name`]: { ...form, fields: { name: 'Ada L.' } },
    [`GET ${prefix}/password`]: page,
    [`POST ${prefix}/password`]: { ...form, fields: { currentPassword, newPassword } },
    [`GET ${prefix}/keyboard`]: page,
    [`POST ${prefix}/keyboard`]: { ...form, fields: { single: 'off' } },
    [`POST ${prefix}/sessions/end`]: { ...form, fields: { id: Bun.randomUUIDv7() } },
    [`GET ${prefix}/sessions/end-all`]: page,
    [`POST ${prefix}/sessions/end-all`]: form,
    [`POST ${prefix}/second-factor`]: { ...form, fields: { currentPassword } },
    [`POST ${prefix}/second-factor/confirm`]: code,
    [`GET ${prefix}/second-factor/codes`]: page,
    [`POST ${prefix}/second-factor/codes`]: code,
    [`GET ${prefix}/second-factor/remove`]: page,
    [`POST ${prefix}/second-factor/remove`]: code,
  };
}

export const walls: Readonly<Record<string, Wall>> = {
  ...accountWalls('/account', false),
  ...accountWalls('/t/:tenant/settings/security', true),
  'GET /tenants/new': { kind: 'person page' },
  'POST /tenants/new': { kind: 'person form', refused: true, fields: { name: 'Made here' } },

  'GET /healthz': { kind: 'public' },
  'GET /readyz': { kind: 'public' },
  'GET /metrics': { kind: 'public' },
  'GET /swagger': { kind: 'public' },
  'GET /swagger/json': { kind: 'public' },
  'GET /assets/:hash/:name': { kind: 'public', path: '/assets/0000000000000000/app.css' },

  'GET /': { kind: 'person page' },
  'GET /sign-in': { kind: 'public' },
  'POST /sign-in': { kind: 'public form' },
  'GET /sign-in/second-step': { kind: 'public' },
  'POST /sign-in/second-step': { kind: 'public form' },
  'GET /sign-in/single-sign-on': { kind: 'public' },
  'GET /sign-in/callback': { kind: 'public' },
  'POST /sign-out': { kind: 'public form' },
  'GET /sign-up': { kind: 'public' },
  'POST /sign-up': { kind: 'public form' },
  'GET /forgot-password': { kind: 'public' },
  'POST /forgot-password': { kind: 'public form' },
  'GET /reset-password': { kind: 'public' },
  'POST /reset-password': { kind: 'public form' },
  'GET /invitation': { kind: 'public' },
  'POST /invitation': { kind: 'public form' },
  'POST /theme': { kind: 'public form', fields: { next: '/' } },

  'GET /t/:tenant/projects': { kind: 'page' },
  'GET /t/:tenant/projects/new': { kind: 'page' },
  'POST /t/:tenant/projects/new': { kind: 'form', least: 'admin', fields: { name: 'Made here' } },

  'GET /t/:tenant/p/:project': { kind: 'page' },
  'GET /t/:tenant/p/:project/live': { kind: 'page', isEndless: true },
  'GET /t/:tenant/p/:project/start': { kind: 'page' },
  'POST /t/:tenant/p/:project/start': {
    kind: 'form',
    fields: { step: 'endpoint', url: 'https://start.example.com/' },
  },
  'POST /t/:tenant/p/:project/start/endpoints/:id/test': {
    kind: 'form',
    items: { id: 'endpoint' },
  },

  'GET /t/:tenant/p/:project/deliveries': { kind: 'page', query: { endpoint: 'endpoint' } },
  'POST /t/:tenant/p/:project/deliveries': {
    kind: 'form',
    fields: async (make) => ({ id: await make('delivery') }),
  },
  'GET /t/:tenant/p/:project/deliveries/export': { kind: 'page', query: { endpoint: 'endpoint' } },
  'GET /t/:tenant/p/:project/deliveries/cancel': {
    kind: 'page',
    query: { id: 'pending delivery' },
  },
  'POST /t/:tenant/p/:project/deliveries/cancel': {
    kind: 'form',
    fields: async (make) => ({ id: await make('pending delivery') }),
  },

  'GET /t/:tenant/p/:project/sources': { kind: 'page' },
  'GET /t/:tenant/p/:project/sources/new': { kind: 'page' },
  'POST /t/:tenant/p/:project/sources/new': {
    kind: 'form',
    fields: { kind: 'github', name: 'Made here' },
  },
  'GET /t/:tenant/p/:project/sources/:id': { kind: 'page', items: { id: 'source' } },
  'GET /t/:tenant/p/:project/sources/:id/edit': { kind: 'page', items: { id: 'source' } },
  'POST /t/:tenant/p/:project/sources/:id/edit': {
    kind: 'form',
    items: { id: 'source' },
    fields: { name: 'Changed here' },
  },
  'POST /t/:tenant/p/:project/sources/:id/pause': { kind: 'form', items: { id: 'source' } },
  'POST /t/:tenant/p/:project/sources/:id/resume': { kind: 'form', items: { id: 'source' } },
  'GET /t/:tenant/p/:project/sources/:id/secret/end': { kind: 'page', items: { id: 'source' } },
  'POST /t/:tenant/p/:project/sources/:id/secret/end': { kind: 'form', items: { id: 'source' } },
  'GET /t/:tenant/p/:project/sources/:id/secret': { kind: 'page', items: { id: 'source' } },
  'POST /t/:tenant/p/:project/sources/:id/secret': {
    kind: 'form',
    items: { id: 'source' },
    fields: { overlapSeconds: '0' },
  },
  'GET /t/:tenant/p/:project/sources/:id/delete': { kind: 'page', items: { id: 'source' } },
  'POST /t/:tenant/p/:project/sources/:id/delete': {
    kind: 'form',
    items: { id: 'source' },
    fields: async (_make, marker) => ({ confirm: marker }),
  },

  'GET /t/:tenant/settings/team': { kind: 'page' },
  'POST /t/:tenant/settings/team/invitations': {
    kind: 'form',
    least: 'admin',
    fields: { email: 'walls@opsforge.test', role: 'viewer' },
  },
  'POST /t/:tenant/settings/team/invitations/:id/revoke': {
    kind: 'form',
    least: 'admin',
    items: { id: 'invitation' },
  },
  'POST /t/:tenant/settings/team/:id/role': {
    kind: 'form',
    least: 'admin',
    items: { id: 'member' },
    fields: { role: 'viewer' },
  },
  'GET /t/:tenant/settings/team/:id/remove': { kind: 'page', items: { id: 'member' } },
  'POST /t/:tenant/settings/team/:id/remove': {
    kind: 'form',
    least: 'admin',
    items: { id: 'member' },
  },

  'GET /t/:tenant/p/:project/endpoints': { kind: 'page' },
  'GET /t/:tenant/p/:project/endpoints/new': { kind: 'page' },
  'POST /t/:tenant/p/:project/endpoints/new': {
    ...{ kind: 'form', fields: { url: 'https://made.example/' } },
  },
  'POST /t/:tenant/p/:project/endpoints/new/check': {
    kind: 'form',
    least: 'viewer',
    fields: { eventTypes: 'invoice.*', filter: '{"type":"invoice.paid"}' },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/edit/check': {
    kind: 'form',
    least: 'viewer',
    items: { id: 'endpoint' },
    fields: { eventTypes: 'invoice.*', filter: '{"type":"invoice.paid"}' },
  },
  'GET /t/:tenant/p/:project/endpoints/:id': { kind: 'page', items: { id: 'endpoint' } },
  'GET /t/:tenant/p/:project/endpoints/:id/settings': { kind: 'page', items: { id: 'endpoint' } },
  'GET /t/:tenant/p/:project/endpoints/:id/signing': { kind: 'page', items: { id: 'endpoint' } },
  'GET /t/:tenant/p/:project/endpoints/:id/edit': { kind: 'page', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/edit': {
    ...{ kind: 'form', items: { id: 'endpoint' }, fields: { url: 'https://made.example/' } },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/test': { kind: 'form', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/pause': { kind: 'form', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/resume': { kind: 'form', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/enable': { kind: 'form', items: { id: 'endpoint' } },
  'GET /t/:tenant/p/:project/endpoints/:id/disable': { kind: 'page', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/disable': { kind: 'form', items: { id: 'endpoint' } },
  'GET /t/:tenant/p/:project/endpoints/:id/delete': { kind: 'page', items: { id: 'endpoint' } },
  'POST /t/:tenant/p/:project/endpoints/:id/delete': {
    ...{
      kind: 'form',
      items: { id: 'endpoint' },
      fields: async (_make, marker) => ({ name: marker }),
    },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/signing/reveal': {
    ...{ kind: 'form', items: { id: 'endpoint' } },
  },
  'GET /t/:tenant/p/:project/endpoints/:id/signing/rotate': {
    ...{ kind: 'page', items: { id: 'endpoint' } },
  },
  'GET /t/:tenant/p/:project/endpoints/:id/signing/end': {
    ...{ kind: 'page', items: { id: 'endpoint' } },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/signing/end': {
    ...{ kind: 'form', items: { id: 'endpoint' } },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/signing/rotate': {
    ...{ kind: 'form', items: { id: 'endpoint' } },
  },

  'GET /t/:tenant/p/:project/replays': { kind: 'page' },
  'GET /t/:tenant/p/:project/replays/new': { kind: 'page' },
  'POST /t/:tenant/p/:project/replays/new': {
    kind: 'form',
    fields: { 'filter.since': '2026-01-01T00:00', 'filter.until': '2026-01-02T00:00' },
  },
  'GET /t/:tenant/p/:project/replays/:id/cancel': { kind: 'page', items: { id: 'replay' } },
  'POST /t/:tenant/p/:project/replays/:id/cancel': { kind: 'form', items: { id: 'replay' } },

  'GET /t/:tenant/p/:project/deliveries/:id': { kind: 'page', items: { id: 'delivery' } },
  'POST /t/:tenant/p/:project/deliveries/:id/retry': { kind: 'form', items: { id: 'delivery' } },

  'GET /t/:tenant/settings': { kind: 'page' },
  'GET /t/:tenant/settings/keys': { kind: 'page', least: 'member' },
  'GET /t/:tenant/settings/keys/new': { kind: 'page', least: 'admin' },
  'POST /t/:tenant/settings/keys/new': {
    ...{ kind: 'form', least: 'admin' },
    fields: { name: 'Made here', access: 'send', expiresAt: '', rateLimit: '', projectId: '' },
  },
  'GET /t/:tenant/settings/keys/:id': { kind: 'page', least: 'admin', items: { id: 'api key' } },
  'POST /t/:tenant/settings/keys/:id': {
    ...{ kind: 'form', least: 'admin', items: { id: 'api key' } },
    fields: { name: 'Changed here', access: 'send', expiresAt: '', endsNow: '', rateLimit: '' },
  },
  'GET /t/:tenant/settings/keys/:id/revoke': {
    ...{ kind: 'page', least: 'member', items: { id: 'api key' } },
  },
  'POST /t/:tenant/settings/keys/:id/revoke': {
    ...{ kind: 'form', least: 'admin', items: { id: 'api key' } },
  },
  'GET /t/:tenant/settings/usage': { kind: 'page' },
  'GET /t/:tenant/settings/usage/export': { kind: 'page' },
  'GET /t/:tenant/settings/audit': { kind: 'page', least: 'admin' },
  'GET /t/:tenant/settings/audit/export': {
    ...{ kind: 'page', least: 'admin', plain: { format: 'csv' } },
  },

  'GET /t/:tenant/p/:project/events': { kind: 'page' },
  'GET /t/:tenant/p/:project/events/:id': { kind: 'page', items: { id: 'event' } },
  'GET /t/:tenant/p/:project/events/:id/again': {
    ...{ kind: 'page', least: 'member', items: { id: 'event' } },
  },
  'POST /t/:tenant/p/:project/events/:id/again': {
    ...{ kind: 'form', items: { id: 'event' } },
    fields: async (make) => ({ id: await make('delivery') }),
  },

  'GET /t/:tenant/p/:project/portal': { kind: 'page' },
  'GET /t/:tenant/p/:project/portal/brand.css': { kind: 'page' },
  'POST /t/:tenant/p/:project/portal/look': {
    ...{ kind: 'form', fields: { name: 'Changed here' } },
  },
  'POST /t/:tenant/p/:project/portal/links': {
    kind: 'form',
    fields: { customer: 'made here', expiresInSeconds: '60', permission: 'read' },
  },
  'GET /t/:tenant/p/:project/portal/links/:id/revoke': {
    ...{ kind: 'page', items: { id: 'portal link' } },
  },
  'POST /t/:tenant/p/:project/portal/links/:id/revoke': {
    ...{ kind: 'form', items: { id: 'portal link' } },
  },

  'GET /portal/:token': { kind: 'portal page' },
  'GET /portal/:token/brand.css': { kind: 'portal page' },
  'GET /portal/:token/endpoints/new': { kind: 'portal page', writes: true },
  'POST /portal/:token/endpoints/new': {
    ...{ kind: 'portal form', fields: { url: 'https://made.example/' } },
  },
  'GET /portal/:token/endpoints/:id': { kind: 'portal page', items: { id: 'endpoint' } },
  'GET /portal/:token/endpoints/:id/edit': {
    ...{ kind: 'portal page', writes: true, items: { id: 'endpoint' } },
  },
  'POST /portal/:token/endpoints/:id/edit': {
    ...{ kind: 'portal form', items: { id: 'endpoint' }, fields: { url: 'https://made.example/' } },
  },
  'POST /portal/:token/endpoints/:id/secret': { kind: 'portal form', items: { id: 'endpoint' } },
  'GET /portal/:token/endpoints/:id/rotate': {
    ...{ kind: 'portal page', writes: true, items: { id: 'endpoint' } },
  },
  'POST /portal/:token/endpoints/:id/rotate': {
    ...{ kind: 'portal form', items: { id: 'endpoint' }, fields: { overlapSeconds: '0' } },
  },
  'GET /portal/:token/endpoints/:id/rotate/end': {
    ...{ kind: 'portal page', writes: true, items: { id: 'endpoint' } },
  },
  'POST /portal/:token/endpoints/:id/rotate/end': {
    ...{ kind: 'portal form', items: { id: 'endpoint' } },
  },
  'POST /portal/:token/endpoints/:id/test': { kind: 'portal form', items: { id: 'endpoint' } },
  'POST /portal/:token/endpoints/:id/pause': { kind: 'portal form', items: { id: 'endpoint' } },
  'POST /portal/:token/endpoints/:id/resume': { kind: 'portal form', items: { id: 'endpoint' } },
  'GET /portal/:token/endpoints/:id/delete': {
    ...{ kind: 'portal page', writes: true, items: { id: 'endpoint' } },
  },
  'POST /portal/:token/endpoints/:id/delete': {
    ...{ kind: 'portal form', items: { id: 'endpoint' } },
    fields: async (_make, marker) => ({ confirm: marker }),
  },
  'GET /portal/:token/deliveries/:id': { kind: 'portal page', items: { id: 'delivery' } },
  'POST /portal/:token/deliveries/:id/retry': {
    ...{ kind: 'portal form', items: { id: 'delivery' } },
  },
};

/**
 * What each route is to the walls suite, by `METHOD /path` as the router has it. Operations of the
 * API stand in the OpenAPI document and are tried by tests/http/every-operation.test.ts; every other
 * route needs a line here, or tests/walls.test.ts fails.
 */
import type { Role } from '../../../src/domain/roles.ts';
import type { ThingName } from './marked-tenant.ts';

/** Makes a thing of the tenant that is tried, and answers its id. */
type Make = (name: ThingName) => Promise<string>;

/** The things that the path's parameters name; `tenant` and `project` are filled in by the suite. */
type Items = { items?: Readonly<Record<string, ThingName>> };
/** In `fields`: what the things of the tenant that is tried are called. */
export const markedName = '(the marker)';
/** `least`: who may, of owner, admin, member, viewer. */
type Fields = {
  fields?: Readonly<Record<string, string>> | ((make: Make) => Promise<Record<string, string>>);
};

export type Wall =
  /** For anybody; says nothing of any tenant. */
  | { kind: 'public'; path?: string }
  /** A form for anybody: from our own pages only, and bounded. */
  | ({ kind: 'public form' } & Fields)
  /** Of whoever is signed in, in no tenant. */
  | { kind: 'person page' }
  | ({ kind: 'person form' } & Items & Fields)
  /** Below /t/:tenant; `least` is viewer unless named. */
  | ({ kind: 'page'; least?: Role } & Items)
  /** Changes something below /t/:tenant; `least` is member unless named. */
  | ({ kind: 'form'; least?: Role } & Items & Fields);

export const walls: Readonly<Record<string, Wall>> = {
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

  'GET /t/:tenant/p/:project/endpoints': { kind: 'page' },
  'GET /t/:tenant/p/:project/endpoints/new': { kind: 'page' },
  'POST /t/:tenant/p/:project/endpoints/new': {
    ...{ kind: 'form', fields: { url: 'https://made.example/' } },
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
    ...{ kind: 'form', items: { id: 'endpoint' }, fields: { name: markedName } },
  },
  'POST /t/:tenant/p/:project/endpoints/:id/signing/reveal': {
    ...{ kind: 'form', items: { id: 'endpoint' } },
  },
  'GET /t/:tenant/p/:project/endpoints/:id/signing/rotate': {
    ...{ kind: 'page', items: { id: 'endpoint' } },
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
};

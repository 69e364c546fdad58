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
};

/**
 * Somebody who is signed in, for tests of pages: the rows of their tenant are real, only how a
 * browser proves who it is is left to the tests of identity.
 */
import type { People } from '../../src/controllers/server.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { SessionId, UserId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/roles.ts';
import type { Deps } from '../../src/usecases/context.ts';
import type { Person } from '../../src/usecases/people/person.ts';
import { startApi, type TestApi } from './api.ts';
import type { TestTenant } from './tenants.ts';

export type TestPages = TestApi & {
  /** Null: nobody is signed in. */
  browser: { person: Person | null };
  signIn(tenant: TestTenant, role?: Role): void;
  /** As a browser: takes HTML, and posts forms from our own pages. */
  get(path: string, headers?: Record<string, string>): ReturnType<TestApi['send']>;
  post(
    path: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
  ): ReturnType<TestApi['send']>;
};

export async function startPages(): Promise<TestPages> {
  const browser: TestPages['browser'] = { person: null };
  const api = await startApi({ people: (deps) => peopleOf(deps, browser) });
  const html = { accept: 'text/html' };
  return {
    ...api,
    browser,
    signIn(tenant, role = 'owner') {
      browser.person = makePerson(tenant, role);
    },
    get: (path, headers = {}) => api.send('GET', path, { headers: { ...html, ...headers } }),
    post: (path, form, headers = {}) =>
      api.send('POST', path, {
        rawBody: new URLSearchParams(form).toString(),
        headers: {
          ...html,
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
      }),
  };
}

function makePerson({ tenantId, name }: TestTenant, role: Role): Person {
  return {
    // Safe because a brand only names what an id is of, and no row has these.
    userId: Bun.randomUUIDv7() as UserId,
    sessionId: Bun.randomUUIDv7() as SessionId,
    email: 'ingrid@northwind.example',
    name: 'Ingrid Halvorsen',
    memberships: [{ tenantId, slug: name, name: 'Northwind Freight', role }],
  };
}

function peopleOf(deps: Deps, browser: TestPages['browser']): People {
  return {
    identifyPerson: async () => browser.person,
    memberContext(request, { userId, email, memberships }, slug) {
      const found = memberships.find((membership) => membership.slug === slug);
      if (found === undefined) throw new AppError('not_found', 'There is no such tenant.');
      const actor = { kind: 'member', userId, email, role: found.role } as const;
      const origin = { requestId: request.headers.get('x-request-id') ?? 'test' };
      return { deps, tenantId: found.tenantId, actor, origin: { ...origin, remoteAddress: null } };
    },
    requireSameOrigin(request) {
      if (request.headers.get('sec-fetch-site') === 'same-origin') return;
      throw new AppError('forbidden', 'The form came from another site.');
    },
  };
}

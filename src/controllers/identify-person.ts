/** Who is signed in, for pages and the API: the cookie → a person → their rights in a tenant. */
import { AppError } from '../domain/errors.ts';
import type { Ctx, Deps, Origin } from '../usecases/context.ts';
import type { Browser } from '../usecases/people/people-deps.ts';
import type { Person } from '../usecases/people/person.ts';
import { remoteAddress } from './remote-address.ts';
import { requestFacts } from './request-id.ts';
import { readSessionToken } from './session-cookie.ts';

/** Null for what is no session, or none any more. */
export type AuthenticateSession = (token: string) => Promise<Person | null>;

export type IdentifyPerson = (request: Request) => Promise<Person | null>;
export type MemberContext = (request: Request, person: Person, tenantSlug: string) => Ctx;

/** Null when nobody is signed in. */
export function createIdentifyPerson(
  deps: Pick<Deps, 'publicUrl'>,
  authenticate: AuthenticateSession,
): IdentifyPerson {
  return async (request) => {
    const token = readSessionToken(request, deps.publicUrl());
    return token === null ? null : authenticate(token);
  };
}

/** Throws AppError `not_found` for a tenant that the person is not in, as for one that is none. */
export function createMemberContext(deps: Deps): MemberContext {
  return (request, person, tenantSlug) => {
    const membership = person.memberships.find(({ slug }) => slug === tenantSlug);
    if (membership === undefined) {
      throw new AppError('not_found', 'There is no such tenant, or you are not a member of it.');
    }
    const { userId, email } = person;
    const { tenantId, role } = membership;
    const actor = { kind: 'member', userId, email, role } as const;
    return { deps, tenantId, actor, origin: originOf(request) };
  };
}

export function originOf(request: Request): Origin {
  return { requestId: requestFacts(request).id, remoteAddress: remoteAddress(request) };
}

export function browserOf(request: Request): Browser {
  return { ...originOf(request), userAgent: request.headers.get('user-agent') };
}

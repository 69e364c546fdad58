/**
 * Who asks the API: an API key or the token of a portal link, else the session of the browser. The
 * first two say their tenant; of a person's tenants the only one is meant, or the one whose slug
 * the header `opsforge-tenant` names.
 */
import { invalidField } from '../domain/errors.ts';
import type { Identity } from '../usecases/accounts/authenticate-key.ts';
import { type Ctx, type Deps, grantedScopes } from '../usecases/context.ts';
import type { Person } from '../usecases/people/person.ts';
import type { PortalVisitors } from '../usecases/portal/identify-visitor.ts';
import type { Poster } from '../usecases/webhooks/candidate.ts';
import {
  type AuthenticateSession,
  createIdentifyPerson,
  createMemberContext,
  originOf,
} from './identify-person.ts';
import { requireSameOrigin } from './same-origin.ts';

/** Throws AppError `unauthenticated` for a credential that is missing, unknown or expired. */
export type AuthenticateKey = (authorization: string | null) => Promise<Identity>;

export type Identify = (request: Request) => Promise<Ctx>;

export type Credentials = {
  authenticateKey: AuthenticateKey;
  authenticateSession: AuthenticateSession;
  portal: Pick<PortalVisitors, 'identify'>;
};

const tenantHeader = 'opsforge-tenant';
/** The token of a portal link, for whoever builds pages of their own on it. */
const portalBearer = /^Bearer +(ofp_\S+)$/i;

export function createIdentify(
  deps: Deps,
  { authenticateKey, authenticateSession, portal }: Credentials,
): Identify {
  const identifyPerson = createIdentifyPerson(deps, authenticateSession);
  const memberContext = createMemberContext(deps);
  return async (request) => {
    const authorization = request.headers.get('authorization');
    const person = authorization === null ? await identifyPerson(request) : null;
    if (person !== null) {
      requireSameOrigin(request, deps.publicUrl());
      return memberContext(request, person, namedTenant(request, person));
    }
    const origin = originOf(request);
    const token = portalBearer.exec(authorization ?? '')?.[1];
    if (token !== undefined) return (await portal.identify(token, origin)).ctx;
    const { tenantId, actor } = await authenticateKey(authorization);
    return { deps, tenantId, actor, origin };
  };
}

/** Who posts events: the same two credentials, without a context on the hot path. */
export function createIdentifyPoster(
  deps: Deps,
  credentials: Credentials,
): (request: Request) => Promise<Poster> {
  const { authenticateKey } = credentials;
  const identify = createIdentify(deps, credentials);
  return (request) => {
    const authorization = request.headers.get('authorization');
    if (authorization !== null) return authenticateKey(authorization);
    return identify(request).then(({ tenantId, actor }) => ({
      tenantId,
      actor: { id: null, projectId: null, scopes: grantedScopes(actor) },
    }));
  };
}

function namedTenant(request: Request, person: Person): string {
  const named = request.headers.get(tenantHeader);
  if (named !== null) return named;
  const [only, ...others] = person.memberships;
  if (only !== undefined && others.length === 0) return only.slug;
  throw invalidField(tenantHeader, 'is required: name one of your tenants by its slug');
}

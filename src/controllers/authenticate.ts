/**
 * Who asks the API: an API key, else the session of the browser. A key says its tenant; of a
 * person's tenants the only one is meant, or the one whose slug the header `opsforge-tenant` names.
 */
import { invalidField } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { Actor, Ctx, Deps } from '../usecases/context.ts';
import type { Person } from '../usecases/people/person.ts';
import {
  type AuthenticateSession,
  createIdentifyPerson,
  createMemberContext,
  originOf,
} from './identify-person.ts';
import { requireSameOrigin } from './same-origin.ts';

/** Throws AppError `unauthenticated` for a credential that is missing, unknown or expired. */
export type AuthenticateKey = (
  authorization: string | null,
) => Promise<{ tenantId: TenantId; actor: Actor }>;

export type Identify = (request: Request) => Promise<Ctx>;

export const tenantHeader = 'opsforge-tenant';

export function createIdentify(
  deps: Deps,
  authenticateKey: AuthenticateKey,
  authenticateSession: AuthenticateSession,
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
    const { tenantId, actor } = await authenticateKey(authorization);
    return { deps, tenantId, actor, origin: originOf(request) };
  };
}

function namedTenant(request: Request, person: Person): string {
  const named = request.headers.get(tenantHeader);
  if (named !== null) return named;
  const [only, ...others] = person.memberships;
  if (only !== undefined && others.length === 0) return only.slug;
  throw invalidField(tenantHeader, 'is required: name one of your tenants by its slug');
}

/** Who asks: turns a request's credential into the context that use cases take. */
import type { TenantId } from '../domain/ids.ts';
import type { Actor, Ctx, Deps } from '../usecases/context.ts';
import type { PortalVisitors } from '../usecases/portal/identify-visitor.ts';
import { requestFacts } from './request-id.ts';

/** Throws AppError `unauthenticated` for a credential that is missing, unknown or expired. */
export type AuthenticateKey = (
  authorization: string | null,
) => Promise<{ tenantId: TenantId; actor: Actor }>;

export type Identify = (request: Request) => Promise<Ctx>;

/** The token of a portal link, for whoever builds pages of their own on it. */
const portalBearer = /^Bearer +(ofp_\S+)$/i;

export function createIdentify(
  deps: Deps,
  authenticateKey: AuthenticateKey,
  portal: Pick<PortalVisitors, 'identify'>,
): Identify {
  return async (request) => {
    const authorization = request.headers.get('authorization');
    const origin = { requestId: requestFacts(request).id, remoteAddress: null };
    const token = portalBearer.exec(authorization ?? '')?.[1];
    if (token !== undefined) return (await portal.identify(token, origin)).ctx;
    const { tenantId, actor } = await authenticateKey(authorization);
    return { deps, tenantId, actor, origin };
  };
}

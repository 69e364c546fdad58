/** Who asks: turns a request's credential into the context that use cases take. */
import type { TenantId } from '../domain/ids.ts';
import type { Actor, Ctx, Deps } from '../usecases/context.ts';
import { requestFacts } from './request-id.ts';

/** Throws AppError `unauthenticated` for a credential that is missing, unknown or expired. */
export type AuthenticateKey = (
  authorization: string | null,
) => Promise<{ tenantId: TenantId; actor: Actor }>;

export type Identify = (request: Request) => Promise<Ctx>;

export function createIdentify(deps: Deps, authenticateKey: AuthenticateKey): Identify {
  return async (request) => {
    const { tenantId, actor } = await authenticateKey(request.headers.get('authorization'));
    const origin = { requestId: requestFacts(request).id, remoteAddress: null };
    return { deps, tenantId, actor, origin };
  };
}

/** Makes an endpoint with a signing secret, which is in the answer. */
import { notFound } from '../../domain/errors.ts';
import { type EndpointId, newId, type ProjectId } from '../../domain/ids.ts';
import { makeSigningSecret } from '../../domain/signing-secrets.ts';
import {
  type EndpointStatus,
  insertEndpoint,
  insertEndpointSecret,
} from '../../repositories/endpoints.ts';
import { lockProject } from '../../repositories/projects.ts';
import { recordChange } from '../audit/record-change.ts';
import { type Ctx, requireProject, requireScope } from '../context.ts';
import { checkSettings } from './checked-settings.ts';
import { ownedSettings } from './owned-settings.ts';
import { checkAuth, sealAuth } from './receiver-auth.ts';
import type { EndpointInput, NewEndpoint } from './schemas.ts';
import { sealHeaders, toEndpoint } from './view.ts';

export async function createEndpoint(ctx: Ctx, input: EndpointInput): Promise<NewEndpoint> {
  requireScope(ctx, 'endpoints:write');
  const projectId = requireProject(ctx, input.projectId);
  await checkSettings(ctx.deps, input);
  return insertChecked(ctx, projectId, input, { status: 'active', statusReason: null });
}

/** Of settings that were checked. */
export async function insertChecked(
  ctx: Ctx,
  projectId: ProjectId,
  input: EndpointInput,
  state: { status: EndpointStatus; statusReason: string | null },
): Promise<NewEndpoint> {
  const { filter, customer } = ownedSettings(ctx, input);
  const { clock, database, secretBox, announceChange } = ctx.deps;
  const id = newId<EndpointId>(clock.databaseNow());
  const auth = checkAuth(ctx.deps, { ...input, given: input.auth, stored: null });
  const { shown, ...secret } = makeSigningSecret(input.signing);
  const row = await database.withTenant(ctx.tenantId, async (tx) => {
    if ((await lockProject(tx, projectId, 'share')) === null) throw notFound('project', projectId);
    const { eventTypes, url, description, timeoutMs, maxInFlight, ordered, signing } = input;
    const [inserted] = await Promise.all([
      insertEndpoint(tx, {
        ...{ id, projectId, url, description, eventTypes, timeoutMs, maxInFlight, ordered },
        ...{ ...state, signing },
        headersEncrypted: sealHeaders(input.headers, secretBox),
        authEncrypted: sealAuth(auth, secretBox),
        filter,
        customer,
        rateLimitPerSecond: input.rateLimit?.perSecond ?? null,
        retrySchedule: input.retrySchedule,
      }),
      insertEndpointSecret(tx, {
        id: newId(clock.databaseNow()),
        endpointId: id,
        kind: secret.kind,
        secretEncrypted: secretBox.seal(secret.secret),
        publicKey: secret.publicKey,
      }),
    ]);
    await recordChange(tx, ctx, {
      action: 'endpoint.created',
      target: { id, label: url },
      projectId,
      after: toEndpoint(inserted, secretBox, clock.databaseNow()),
    });
    tx.afterCommit(() =>
      announceChange({ kind: 'endpoints', tenantId: ctx.tenantId, endpointId: id }),
    );
    return inserted;
  });
  return { ...toEndpoint(row, secretBox, clock.databaseNow()), secret: shown };
}

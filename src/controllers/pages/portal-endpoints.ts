/** /portal/{token}/endpoints: one endpoint of a customer, what it may change, and its secret. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { PortalEndpoint } from '../../../views/portal-endpoint.tsx';
import {
  DeleteEndpoint,
  EndPreviousSecret,
  EndpointForm,
  RotateSecret,
} from '../../../views/portal-forms.tsx';
import { endpointStateOf } from '../../domain/endpoint-states.ts';
import { AppError, invalidField } from '../../domain/errors.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { describeDeliveries } from '../../usecases/deliveries/describe-deliveries.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import {
  enableEndpoint,
  pauseEndpoint,
  resumeEndpoint,
} from '../../usecases/endpoints/change-status.ts';
import { createEndpoint } from '../../usecases/endpoints/create-endpoint.ts';
import { deleteEndpoint } from '../../usecases/endpoints/delete-endpoint.ts';
import { endPreviousSecrets } from '../../usecases/endpoints/end-previous-secrets.ts';
import { findEndpoint } from '../../usecases/endpoints/find-endpoint.ts';
import { listSecrets } from '../../usecases/endpoints/list-secrets.ts';
import { revealSecret } from '../../usecases/endpoints/reveal-secret.ts';
import { rotateSecret } from '../../usecases/endpoints/rotate-secret.ts';
import {
  type Endpoint,
  endpointChanges,
  endpointInput,
  rotationInput,
} from '../../usecases/endpoints/schemas.ts';
import { sendTest } from '../../usecases/endpoints/send-test.ts';
import { updateEndpoint } from '../../usecases/endpoints/update-endpoint.ts';
import { thing } from '../api/operation.ts';
import { deliveryRowOf } from './delivery-rows.ts';
import { endpointName } from './endpoint-words.ts';
import { asInputOf } from './form.ts';
import type { PageDeps } from './page.ts';
import { createPortalPages, type PortalCall, type PortalView } from './portal-page.ts';
import { portalDone, portalToast } from './portal-words.ts';
import { confirmForm } from './source-forms.ts';

const deliveriesShown = 10;
const item = thing<EndpointId>('endpoint');
const query = z.strictObject({ done: portalDone });
type EndpointCall = PortalCall & { id: EndpointId };

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
const fields = { url: z.string().default(''), description: z.string().default('') };
const newForm = z
  .strictObject({ ...fields, eventTypes: z.string().default('').transform(words) })
  .transform((values) => asInputOf<typeof endpointInput>(values))
  .pipe(endpointInput);
/** Without the types where the tenant chose them. */
const editForm = z
  .strictObject({ ...fields, eventTypes: z.string().transform(words).optional() })
  .transform(({ eventTypes, ...rest }) =>
    asInputOf<typeof endpointChanges>(eventTypes === undefined ? rest : { ...rest, eventTypes }),
  )
  .pipe(endpointChanges);
const rotateForm = z
  .strictObject({ overlapSeconds: z.coerce.number() })
  .transform((values) => asInputOf<typeof rotationInput>(values))
  .pipe(rotationInput);

export function portalEndpointPages(deps: PageDeps) {
  return new Elysia({ prefix: '/endpoints' }).use(settingPages(deps)).use(deedPages(deps));
}

function settingPages(deps: PageDeps) {
  const portal = createPortalPages(deps);
  return new Elysia()
    .get('/new', ...portal.view({}, async (call) => newView(call)))
    .post(
      '/new',
      ...portal.action(
        { form: newForm, refused: async (call, draft) => newView(call, draft) },
        async (call) => {
          const { secret, ...made } = await createEndpoint(call.ctx, call.form);
          return { view: await endpointView(call, made, { secret, isNew: true }) };
        },
      ),
    )
    .get(
      '/:id',
      ...portal.view({ item, query }, async (call) => {
        const view = await endpointView(call, await findEndpoint(call.ctx, call.id));
        return { ...view, toast: portalToast(call.query.done) };
      }),
    )
    .get('/:id/edit', ...portal.view({ item }, (call) => editView(call)))
    .post(
      '/:id/edit',
      ...portal.action({ item, form: editForm, refused: editView }, async (call) => {
        await updateEndpoint(call.ctx, call.id, call.form);
        return { goTo: `${endpointPath(call, call.id)}?done=saved` };
      }),
    );
}

/** What is done to an endpoint. */
function deedPages(deps: PageDeps) {
  const portal = createPortalPages(deps);
  return new Elysia()
    .post('/:id/secret', ...portal.action({ item }, reveal))
    .get('/:id/rotate', ...portal.view({ item }, (call) => rotateView(call)))
    .post(
      '/:id/rotate',
      ...portal.action({ item, form: rotateForm, refused: rotateView }, async (call) => {
        const { secret } = await rotateSecret(call.ctx, call.id, call.form);
        const endpoint = await findEndpoint(call.ctx, call.id);
        return { view: await endpointView(call, endpoint, { secret, isNew: true }) };
      }),
    )
    .get('/:id/rotate/end', ...portal.view({ item }, endView))
    .post(
      '/:id/rotate/end',
      ...portal.action({ item }, async (call) => {
        await endPreviousSecrets(call.ctx, call.id);
        return { goTo: `${endpointPath(call, call.id)}?done=ended` };
      }),
    )
    .post(
      '/:id/test',
      ...portal.action({ item }, async ({ ctx, id, path }) => {
        const { deliveryId } = await sendTest(ctx, id);
        return { goTo: `${path}/deliveries/${deliveryId}?done=tested` };
      }),
    )
    .post('/:id/pause', ...portal.action({ item }, (call) => change(call, pauseEndpoint, 'paused')))
    .post(
      '/:id/resume',
      ...portal.action({ item }, async (call) => {
        const { status } = await findEndpoint(call.ctx, call.id);
        return change(call, status === 'disabled' ? enableEndpoint : resumeEndpoint, 'resumed');
      }),
    )
    .get('/:id/delete', ...portal.view({ item }, (call) => deleteView(call)))
    .post(
      '/:id/delete',
      ...portal.action({ item, form: confirmForm, refused: deleteView }, async (call) => {
        const name = endpointName(await findEndpoint(call.ctx, call.id));
        requireWrite(call);
        if (call.form.confirm.trim() !== name) throw invalidField('confirm', `must be ${name}`);
        await deleteEndpoint(call.ctx, call.id);
        return { goTo: `${call.path}?done=deleted` };
      }),
    );
}

const endpointPath = ({ path }: PortalCall, id: string) => `${path}/endpoints/${id}`;

/** So that a link that may only look is told so before its form is judged. */
function requireWrite({ mayWrite }: PortalCall): void {
  if (mayWrite) return;
  throw new AppError('forbidden', 'This link lets you look and change nothing.');
}

async function reveal(call: EndpointCall) {
  const { secret } = await revealSecret(call.ctx, call.id);
  const endpoint = await findEndpoint(call.ctx, call.id);
  return { view: await endpointView(call, endpoint, { secret, isNew: false }) };
}

async function change(
  call: EndpointCall,
  deed: (ctx: PortalCall['ctx'], id: EndpointId) => Promise<Endpoint>,
  done: 'paused' | 'resumed',
) {
  await deed(call.ctx, call.id);
  return { goTo: `${endpointPath(call, call.id)}?done=${done}` };
}

/** `shown`: its secret, made just now or asked for. */
async function endpointView(
  call: PortalCall,
  endpoint: Endpoint,
  shown?: { secret: string; isNew: boolean },
): Promise<PortalView> {
  const { ctx, path, nowMs, mayWrite } = call;
  // Safe because the use case answered it as an endpoint's.
  const endpointId = endpoint.id as EndpointId;
  const [{ data }, secrets] = await Promise.all([
    listDeliveries(ctx, { endpointId, limit: deliveriesShown }),
    listSecrets(ctx, endpointId),
  ]);
  const described = await describeDeliveries(ctx, data);
  const props = {
    ...{ path, nowMs, mayWrite },
    href: endpointPath(call, endpoint.id),
    name: endpointName(endpoint),
    url: endpoint.url,
    state: endpointStateOf(endpoint),
    isStopped: endpoint.status !== 'active',
    eventTypes: endpoint.eventTypes,
    timeoutMs: endpoint.timeoutMs,
    attemptsMax: endpoint.retrySchedule.length + 1,
    signing: endpoint.signing,
    failingSince: endpoint.failingSince,
    pausedUntil: endpoint.pausedUntil,
    shown: shown ?? null,
    previousEnds: secrets.flatMap(({ expiresAt }) => expiresAt ?? []),
    rows: described.map((one) => deliveryRowOf(path, one)),
  };
  return { title: props.name, body: () => PortalEndpoint(props) };
}

function newView(call: PortalCall, draft = emptyDraft): PortalView {
  requireWrite(call);
  const { path } = call;
  return {
    title: 'Add endpoint',
    body: () =>
      EndpointForm({
        ...{ draft, values: null, mayChooseTypes: true },
        title: 'Add endpoint',
        action: `${path}/endpoints/new`,
        submit: 'Add endpoint',
        cancelHref: path,
      }),
  };
}

async function editView(call: EndpointCall, draft: FormDraft = emptyDraft): Promise<PortalView> {
  requireWrite(call);
  const endpoint = await findEndpoint(call.ctx, call.id);
  const { url, description, eventTypes, filter } = endpoint;
  return {
    title: `Edit ${endpointName(endpoint)}`,
    body: () =>
      EndpointForm({
        draft,
        values: { url, description, eventTypes },
        // Another filter is the tenant's, and so are then the types: the use case holds to it.
        mayChooseTypes: Bun.deepEquals(filter, call.ctx.actor.filter),
        title: `Edit ${endpointName(endpoint)}`,
        action: `${endpointPath(call, call.id)}/edit`,
        submit: 'Save endpoint',
        cancelHref: endpointPath(call, call.id),
      }),
  };
}

async function smallForm(call: EndpointCall, deed: string, draft: FormDraft) {
  requireWrite(call);
  const endpoint = await findEndpoint(call.ctx, call.id);
  const href = endpointPath(call, call.id);
  return { draft, name: endpointName(endpoint), action: `${href}/${deed}`, cancelHref: href };
}

async function rotateView(call: EndpointCall, draft: FormDraft = emptyDraft): Promise<PortalView> {
  const props = await smallForm(call, 'rotate', draft);
  return { title: 'Rotate secret', body: () => RotateSecret(props) };
}

async function endView(call: EndpointCall): Promise<PortalView> {
  const props = await smallForm(call, 'rotate/end', emptyDraft);
  const secrets = await listSecrets(call.ctx, call.id);
  const count = Math.max(secrets.length - 1, 1);
  return { title: 'End the previous secret', body: () => EndPreviousSecret({ ...props, count }) };
}

async function deleteView(call: EndpointCall, draft: FormDraft = emptyDraft): Promise<PortalView> {
  const props = await smallForm(call, 'delete', draft);
  return { title: 'Delete endpoint', body: () => DeleteEndpoint(props) };
}

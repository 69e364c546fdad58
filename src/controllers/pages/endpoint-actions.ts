/** What is done with an endpoint: each a form, each dangerous one a page of its own too. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { FormPage } from '../../../views/components/dialog.tsx';
import type { FormDraft } from '../../../views/components/form.tsx';
import { FormNotice } from '../../../views/components/form.tsx';
import { OverlapField, overlapLabels } from '../../../views/components/overlap-field.tsx';
import { DeletePage } from '../../../views/endpoint-settings.tsx';
import { endingOf, rotation } from '../../../views/endpoint-signing.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { invalidField } from '../../domain/errors.ts';
import {
  disableEndpoint,
  enableEndpoint,
  pauseEndpoint,
  resumeEndpoint,
} from '../../usecases/endpoints/change-status.ts';
import { deleteEndpoint } from '../../usecases/endpoints/delete-endpoint.ts';
import { endPreviousSecrets } from '../../usecases/endpoints/end-previous-secrets.ts';
import { listSecrets } from '../../usecases/endpoints/list-secrets.ts';
import { readWaiting } from '../../usecases/endpoints/read-waiting.ts';
import { revealSecret } from '../../usecases/endpoints/reveal-secret.ts';
import { rotateSecret } from '../../usecases/endpoints/rotate-secret.ts';
import { type Endpoint, rotationInput } from '../../usecases/endpoints/schemas.ts';
import { sendTest } from '../../usecases/endpoints/send-test.ts';
import { item, signingView } from './endpoint.ts';
import {
  deleting,
  disabling,
  type EndpointCall,
  endpointFrame,
  endpointPath,
  findHere,
} from './endpoint-frame.ts';
import { endpointName } from './endpoint-words.ts';
import { numberText } from './form.ts';
import { createPages, type Outcome, type PageDeps, type View } from './page.ts';

const deleteForm = z.object({ name: z.string().default('') });
const rotateForm = z.object({
  overlapSeconds: numberText.pipe(rotationInput.shape.overlapSeconds),
});

export function endpointActions(deps: PageDeps) {
  return new Elysia({ prefix: '/t/:tenant/p/:project/endpoints/:id' })
    .use(stateActions(deps))
    .use(secretActions(deps))
    .use(deleteActions(deps));
}

function stateActions(deps: PageDeps) {
  const { project } = createPages(deps);
  const turn = (
    change: (ctx: EndpointCall['ctx'], id: EndpointCall['id']) => Promise<Endpoint>,
    title: string,
  ) =>
    project.action({ item }, async (call) => {
      const before = await findHere(call);
      await change(call.ctx, call.id);
      return backTo(call, title, before);
    });
  return new Elysia()
    .post(
      '/test',
      ...project.action({ item }, async (call) => {
        await findHere(call);
        const { deliveryId } = await sendTest(call.ctx, call.id);
        return { goTo: endpointPath(call, `?test=${deliveryId}`) };
      }),
    )
    .post('/pause', ...turn(pauseEndpoint, 'Paused'))
    .post('/resume', ...turn(resumeEndpoint, 'Resumed'))
    .post('/enable', ...turn(enableEndpoint, 'Enabled'))
    .get('/disable', ...project.view({ item }, disableView))
    .post('/disable', ...turn(disableEndpoint, 'Disabled'));
}

function backTo(call: EndpointCall, title: string, endpoint: Endpoint): Outcome {
  const toast = { tone: 'ok', title, text: endpointName(endpoint) } as const;
  return { goTo: endpointPath(call), toast };
}

async function disableView(call: EndpointCall): Promise<View> {
  const name = endpointName(await findHere(call));
  const pending = await readWaiting(call.ctx, call.id);
  const form = {
    ...disabling(name, pending),
    action: endpointPath(call, '/disable'),
    cancelHref: endpointPath(call),
  };
  return {
    ...endpointFrame(call, 'Disable', { name, href: endpointPath(call) }),
    body: () => FormPage({ ...form, variant: 'destructive' }),
  };
}

function secretActions(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/signing' })
    .post(
      '/reveal',
      ...project.action({ item }, async (call) => {
        await findHere(call);
        const { secret } = await revealSecret(call.ctx, call.id);
        return { view: await signingView(call, secret) };
      }),
    )
    .get('/end', ...project.view({ item }, endView))
    .post(
      '/end',
      ...project.action({ item }, async (call) => {
        await findHere(call);
        await endPreviousSecrets(call.ctx, call.id);
        const toast = { tone: 'ok', title: 'The current secret signs alone' } as const;
        return { goTo: endpointPath(call, '/signing'), toast };
      }),
    )
    .get('/rotate', ...project.view({ item }, (call) => rotateView(call)))
    .post(
      '/rotate',
      ...project.action({ item, form: rotateForm, refused: rotateView }, async (call) => {
        await findHere(call);
        const { previousExpiresAt } = await rotateSecret(call.ctx, call.id, call.form);
        const until = `${previousExpiresAt.slice(0, 16).replace('T', ' ')} UTC`;
        const text = `Those until now sign beside it until ${until}.`;
        const toast = { tone: 'ok', title: 'A new secret signs', text } as const;
        return { goTo: endpointPath(call, '/signing'), toast };
      }),
    );
}

async function endView(call: EndpointCall): Promise<View> {
  const name = endpointName(await findHere(call));
  const secrets = await listSecrets(call.ctx, call.id);
  const form = {
    // One that ended meanwhile is ended by the form as well, which then changes nothing.
    ...endingOf(Math.max(secrets.length - 1, 1)),
    action: endpointPath(call, '/signing/end'),
    cancelHref: endpointPath(call, '/signing'),
  };
  return {
    ...endpointFrame(call, 'End the previous secret', { name, href: endpointPath(call) }),
    body: () => FormPage({ ...form, variant: 'destructive' }),
  };
}

async function rotateView(call: EndpointCall, draft?: FormDraft): Promise<View> {
  const name = endpointName(await findHere(call));
  const form = {
    ...rotation,
    action: endpointPath(call, '/signing/rotate'),
    cancelHref: endpointPath(call, '/signing'),
  };
  return {
    ...endpointFrame(call, 'Rotate', { name, href: endpointPath(call) }),
    body: () =>
      FormPage({
        ...form,
        children: OverlapField({ draft }),
        notice: draft === undefined ? null : FormNotice({ draft, labels: overlapLabels }),
      }),
  };
}

function deleteActions(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia().get('/delete', ...project.view({ item }, (call) => deleteView(call))).post(
    '/delete',
    ...project.action({ item, form: deleteForm, refused: deleteView }, async (call) => {
      const name = endpointName(await findHere(call));
      if (call.form.name.trim() !== name)
        throw invalidField('name', `is not ${name}: nothing was deleted`);
      await deleteEndpoint(call.ctx, call.id);
      const toast = { tone: 'ok', title: 'Endpoint deleted', text: name } as const;
      return { goTo: projectPath(call.place, '/endpoints'), toast };
    }),
  );
}

async function deleteView(call: EndpointCall, draft?: FormDraft): Promise<View> {
  const name = endpointName(await findHere(call));
  const pending = await readWaiting(call.ctx, call.id);
  const form = {
    ...{ ...deleting(name, pending), name },
    action: endpointPath(call, '/delete'),
    cancelHref: endpointPath(call, '/settings'),
  };
  return {
    ...endpointFrame(call, 'Delete', { name, href: endpointPath(call) }),
    body: () => DeletePage({ ...form, ...(draft === undefined ? {} : { draft }) }),
  };
}

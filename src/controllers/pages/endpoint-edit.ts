/** /t/{tenant}/p/{project}/endpoints/new and …/{id}/edit: will it work? */
import { Elysia } from 'elysia';
import type { FormDraft } from '../../../views/components/form.tsx';
import { formatCount, formatDuration } from '../../../views/components/format.ts';
import { EndpointForm } from '../../../views/endpoint-form.tsx';
import { EndpointPreview } from '../../../views/endpoint-preview.tsx';
import { projectPath } from '../../../views/navigation.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createEndpoint } from '../../usecases/endpoints/create-endpoint.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { sendTest } from '../../usecases/endpoints/send-test.ts';
import { updateEndpoint } from '../../usecases/endpoints/update-endpoint.ts';
import { item } from './endpoint.ts';
import { scheduleWords } from './endpoint-facts.ts';
import { type EndpointCall, endpointFrame, endpointPath, findHere } from './endpoint-frame.ts';
import {
  draftOfForm,
  draftSchedule,
  type EndpointFormValues,
  endpointDraft,
  endpointForm,
  newEndpointDraft,
  overtakenDraft,
  readWish,
  toEndpointInput,
  wantedTypes,
} from './endpoint-input.ts';
import { previewProps } from './endpoint-preview.ts';
import { endpointName } from './endpoint-words.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

export function endpointEditPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/endpoints' })
    .get('/new', ...project.view({}, async (call) => newView(call, newEndpointDraft())))
    .post(
      '/new',
      ...project.action(
        { form: endpointForm, refused: async (call, draft) => newView(call, withDefaults(draft)) },
        async (call) => {
          const { ctx, form, place } = call;
          const made = await createEndpoint(ctx, toEndpointInput(call, form));
          const path = projectPath(place, `/endpoints/${made.id}`);
          const toast = {
            tone: 'ok',
            title: 'Endpoint created',
            text: endpointName(made),
          } as const;
          if (!form.sendTest) return { goTo: path, toast };
          // Safe because the use case has just made it.
          const { deliveryId } = await sendTest(ctx, made.id as EndpointId);
          return { goTo: `${path}?test=${deliveryId}`, toast };
        },
      ),
    )
    .post(
      '/new/check',
      ...project.action({ form: endpointForm, refused: newView }, async (call) => ({
        view: await newView(call, checkedDraft(call.form)),
      })),
    )
    .get('/:id/edit', ...project.view({ item }, (call) => editView(call)))
    .post(
      '/:id/edit',
      ...project.action({ item, form: endpointForm, refused: editView }, async (call) => {
        const before = await findHere(call);
        const { projectId: _, ...changes } = toEndpointInput(call, call.form);
        const after = await updateEndpoint(call.ctx, call.id, changes, call.form.updatedAt);
        const toast = {
          tone: 'ok',
          title: 'Endpoint saved',
          text: changedWords(before, after),
        } as const;
        return { goTo: endpointPath(call), toast };
      }),
    )
    .post(
      '/:id/edit/check',
      ...project.action({ item, form: endpointForm, refused: editView }, async (call) => ({
        view: await editView(call, checkedDraft(call.form)),
      })),
    );
}

/** The one field of an empty list sends nothing else: what it left out is as in a new form. */
function withDefaults(draft: FormDraft): FormDraft {
  if (draft.value('signing') !== undefined) return draft;
  const first = newEndpointDraft();
  return { ...draft, value: (name) => draft.value(name) ?? first.value(name) };
}

async function newView(call: ProjectCall, draft: FormDraft): Promise<View> {
  const list = { name: 'Endpoints', href: projectPath(call.place, '/endpoints') };
  const action = projectPath(call.place, '/endpoints/new');
  const props = await formProps(call, draft, `${action}/check`);
  return {
    ...{ title: 'New endpoint', nav: 'endpoints', crumbs: [list] },
    body: () => EndpointForm({ ...props, name: null, action, cancelHref: list.href }),
    parts: { 'endpoint-preview': () => EndpointPreview(props.preview) },
  };
}

async function editView(call: EndpointCall, typed?: FormDraft): Promise<View> {
  const endpoint = await findHere(call);
  const draft = typed?.errors.has('updatedAt') ? overtakenDraft(typed, endpoint) : typed;
  const name = endpointName(endpoint);
  const action = endpointPath(call, '/edit');
  const props = await formProps(call, draft ?? endpointDraft(endpoint), `${action}/check`);
  return {
    ...endpointFrame(call, 'Edit', { name, href: endpointPath(call) }),
    body: () =>
      EndpointForm({ ...props, name, action, cancelHref: endpointPath(call, '/settings') }),
    parts: { 'endpoint-preview': () => EndpointPreview(props.preview) },
  };
}

async function formProps(call: ProjectCall, draft: FormDraft, checkPath: string) {
  const delays = draftSchedule(draft);
  return {
    draft,
    preview: await previewProps(call, draft, checkPath),
    schedule: { delays, words: delays === null ? '' : `${scheduleWords(delays)}` },
  };
}

/** Redraws the form beside what came lately; saves nothing. Throws AppError `invalid`. */
function checkedDraft(form: EndpointFormValues): FormDraft {
  readWish(wantedTypes(form.eventTypes, form.seenTypes), form.filter);
  return draftOfForm(form);
}

const changeNames = {
  url: 'URL',
  description: 'name',
  eventTypes: 'event types',
  filter: 'filter',
  timeoutMs: 'timeout',
  rateLimit: 'rate limit',
  maxInFlight: 'most in flight',
  ordered: 'order',
  headers: 'own headers',
  auth: 'how it shows itself',
  retrySchedule: 'retries',
  signing: 'signature',
} as const satisfies Partial<Record<keyof Endpoint, string>>;

/** "Changed: timeout 10 s → 15 s, event types". New values of secrets look like the old ones. */
function changedWords(before: Endpoint, after: Endpoint): string {
  const keys = Object.keys(changeNames) as (keyof typeof changeNames)[];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  const values = [figuresOf(before), figuresOf(after)] as const;
  const words = changed.map((key) => {
    const [from, to] = values.map((figures) => figures[key]);
    return from === undefined ? changeNames[key] : `${changeNames[key]} ${from} → ${to}`;
  });
  return words.length === 0 ? endpointName(after) : `Changed: ${words.join(', ')}`;
}

/** What is short enough to be said with its values. */
function figuresOf({ timeoutMs, rateLimit, maxInFlight, ordered }: Endpoint): {
  [Name in keyof typeof changeNames]?: string;
} {
  return {
    timeoutMs: formatDuration(timeoutMs),
    rateLimit: rateLimit === null ? 'none' : `${formatCount(rateLimit.perSecond)} per second`,
    maxInFlight: formatCount(maxInFlight),
    ordered: ordered ? 'by key' : 'none',
  };
}

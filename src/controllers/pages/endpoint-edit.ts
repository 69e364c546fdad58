/** /t/{tenant}/p/{project}/endpoints/new and …/{id}/edit: will it work? */
import { Elysia } from 'elysia';
import type { FormDraft } from '../../../views/components/form.tsx';
import { formatCount, formatDuration } from '../../../views/components/format.ts';
import { EndpointForm } from '../../../views/endpoint-form.tsx';
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
  draftSchedule,
  endpointDraft,
  endpointForm,
  newEndpointDraft,
  overtakenDraft,
  toEndpointInput,
} from './endpoint-input.ts';
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
    );
}

/** The one field of an empty list sends nothing else: what it left out is as in a new form. */
function withDefaults(draft: FormDraft): FormDraft {
  if (draft.value('signing') !== undefined) return draft;
  const first = newEndpointDraft();
  return { ...draft, value: (name) => draft.value(name) ?? first.value(name) };
}

function newView(call: ProjectCall, draft: FormDraft): View {
  const list = { name: 'Endpoints', href: projectPath(call.place, '/endpoints') };
  return {
    ...{ title: 'New endpoint', nav: 'endpoints', crumbs: [list] },
    body: () =>
      EndpointForm({
        ...formProps(call, draft),
        name: null,
        action: projectPath(call.place, '/endpoints/new'),
        cancelHref: list.href,
      }),
  };
}

async function editView(call: EndpointCall, typed?: FormDraft): Promise<View> {
  const endpoint = await findHere(call);
  const draft = typed?.errors.has('updatedAt') ? overtakenDraft(typed, endpoint) : typed;
  const name = endpointName(endpoint);
  return {
    ...endpointFrame(call, 'Edit', { name, href: endpointPath(call) }),
    body: () =>
      EndpointForm({
        ...formProps(call, draft ?? endpointDraft(endpoint)),
        name,
        action: endpointPath(call, '/edit'),
        cancelHref: endpointPath(call, '/settings'),
      }),
  };
}

function formProps({ ctx, nowMs }: ProjectCall, draft: FormDraft) {
  const delays = draftSchedule(draft);
  return {
    draft,
    example: exampleRequest(draft, ctx.deps.version, nowMs),
    schedule: { delays, words: delays === null ? '' : `${scheduleWords(delays)}` },
  };
}

/** As the sender writes it (domain/dispatch/attempt.ts); what is made for each one is cut. */
function exampleRequest(draft: FormDraft, version: string, nowMs: number): string {
  const url = URL.parse(draft.value('url') ?? '') ?? new URL('https://example.com/webhooks');
  const isEd25519 = draft.value('signing') === 'ed25519';
  const authorization = { bearer: 'Bearer ••••', basic: 'Basic ••••' }[draft.value('auth') ?? ''];
  const own = (draft.value('headers') ?? '')
    .split('\n')
    .flatMap((line) => /^\s*([^:\s]+)\s*:/.exec(line)?.[1] ?? []);
  return [
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    `user-agent: opsforge/${version}`,
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    ...own.map((name) => `${name}: ••••`),
    'webhook-id: 019ab0ea-31c7-7b20-8c4d-5e08b1f20a77',
    `webhook-timestamp: ${Math.floor(nowMs / 1_000)}`,
    `webhook-signature: ${isEd25519 ? 'v1a' : 'v1'},Jm3cVq0b8x…`,
    'opsforge-attempt: 1',
    '',
    '{"number":"A-1","amount":4200}',
  ].join('\n');
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

/**
 * A project without events of its own: the way to the first one, by buttons alone. It stays until
 * something other than a test has come, and each step is told by what is stored, not by clicks.
 */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { Arrival, FirstRun, type FirstRunProps, Waiting } from '../../../views/first-run.tsx';
import { projectPath, tenantPath } from '../../../views/navigation.ts';
import { echoUrl } from '../../domain/echo.ts';
import type { EndpointId, ProjectId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { testEventType } from '../../domain/test-events.ts';
import { createApiKey } from '../../usecases/accounts/create-api-key.ts';
import type { NewApiKey } from '../../usecases/accounts/schemas.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import type { Delivery } from '../../usecases/deliveries/schemas.ts';
import { createEndpoint } from '../../usecases/endpoints/create-endpoint.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import { sendTest } from '../../usecases/endpoints/send-test.ts';
import { listEvents } from '../../usecases/events/list-events.ts';
import { thing } from '../api/operation.ts';
import { goTo } from './answers.ts';
import { findHere } from './endpoint-frame.ts';
import { endpointForm, toEndpointInput } from './endpoint-input.ts';
import { endpointName } from './endpoint-words.ts';
import { mayChangeEndpoints } from './endpoints.ts';
import { keyCommand } from './key-command.ts';
import { createPages, type Outcome, type PageDeps, type ProjectCall, type View } from './page.ts';
import { scopesOfChoice } from './scope-words.ts';

/** Who has sent more tests than this has seen how it works. */
export const testsMax = 10;

const frame = { title: 'Overview', nav: 'overview', crumbs: [], live: true } as const;

/** Two forms of one page, so that what each comes to stands at an address that can be loaded. */
const startForm = z.discriminatedUnion('step', [
  z.object({
    step: z.literal('endpoint'),
    url: z.string().default(''),
    echo: z.string().optional(),
  }),
  z.object({ step: z.literal('key') }),
]);
type EndpointFields = Extract<z.output<typeof startForm>, { step: 'endpoint' }>;

export function firstRunPages(deps: PageDeps) {
  const { project } = createPages(deps);
  const item = thing<EndpointId>('endpoint');
  const refused = (call: ProjectCall, draft: FormDraft) => firstRunView(call, { draft });
  return (
    new Elysia({ prefix: '/t/:tenant/p/:project/start' })
      // What a form came to stands at this address: loaded again, it is the overview as it is now.
      .get(
        '',
        ...project.answer({}, async ({ request, place }) => goTo(request, projectPath(place), [])),
      )
      .post(
        '',
        ...project.action({ form: startForm, refused }, (call) =>
          call.form.step === 'key' ? makeKey(call) : addEndpoint(call, call.form),
        ),
      )
      .post(
        '/endpoints/:id/test',
        ...project.action({ item }, async (call) => {
          await findHere(call);
          await sendTest(call.ctx, call.id);
          return { goTo: projectPath(call.place) };
        }),
      )
  );
}

/** The button "Use the echo" is sent beside the field of the other button. */
async function addEndpoint(call: ProjectCall, { url, echo }: EndpointFields): Promise<Outcome> {
  const typed = echo === undefined ? { url } : { url: echoUrl, description: 'Echo' };
  const made = await createEndpoint(call.ctx, toEndpointInput(call, endpointForm.parse(typed)));
  const toast = { tone: 'ok', title: 'Endpoint created', text: endpointName(made) } as const;
  return { goTo: projectPath(call.place), toast };
}

async function makeKey(call: ProjectCall): Promise<Outcome> {
  const made = await createApiKey(call.ctx, {
    ...{ name: 'First key', projectId: projectIdOf(call), scopes: scopesOfChoice('send', []) },
    ...{ expiresAt: null, rateLimit: null },
  });
  return { view: await firstRunView(call, { made }) };
}

/** Null when the project has events other than tests, or many of them. */
export async function findFirstRun(call: ProjectCall): Promise<View | null> {
  const asked = { projectId: projectIdOf(call), limit: testsMax };
  const { data, nextCursor, searchedUntil } = await listEvents(call.ctx, asked);
  const isStart = nextCursor === null && searchedUntil === undefined;
  return isStart && data.every(({ type }) => type === testEventType) ? firstRunView(call) : null;
}

/** What an open first run may still ask for when the project has become an everyday one. */
export const firstRunParts = ['waiting', 'arrival'];

async function firstRunView(
  call: ProjectCall,
  { draft = emptyDraft, made = null }: { draft?: FormDraft; made?: NewApiKey | null } = {},
): Promise<View> {
  const { ctx, place, tenant } = call;
  const asked = { projectId: projectIdOf(call), limit: 1 };
  const [endpoints, deliveries] = await Promise.all([
    listEndpoints(ctx, asked),
    listDeliveries(ctx, asked),
  ]);
  const [endpoint] = endpoints.data;
  const [delivery] = deliveries.data;
  const path = projectPath(place);
  // Shown is a name where the key stands: it was told once.
  const shown = made ?? { key: 'YOUR_KEY', scopes: scopesOfChoice('send', []) };
  const props: FirstRunProps = {
    ...{ path, draft },
    endpoint: endpoint === undefined ? null : endpointName(endpoint),
    mayChange: mayChangeEndpoints(call),
    testAction: endpoint === undefined ? null : `${path}/start/endpoints/${endpoint.id}/test`,
    arrival: delivery === undefined ? null : arrivalOf(call, delivery),
    mayMakeKey: allows(scopesOf(tenant.role), 'api-keys:write'),
    keysHref: tenantPath(tenant, '/settings/keys/new'),
    hasKey: made !== null,
    command: keyCommand(ctx.deps.publicUrl(), shown, null) ?? '',
  };
  const { arrival } = props;
  return {
    ...frame,
    body: () => FirstRun(props),
    parts:
      arrival === null ? { waiting: () => Waiting({ path }) } : { arrival: () => Arrival(arrival) },
    past: arrival === null ? ['arrival'] : ['waiting'],
  };
}

function arrivalOf(
  { place }: ProjectCall,
  delivery: Delivery,
): NonNullable<FirstRunProps['arrival']> {
  const { id, status, attempts, lastStatusCode, lastError, endpointId } = delivery;
  const base = {
    path: projectPath(place),
    href: projectPath(place, `/deliveries/${id}`),
    figuresHref: `${projectPath(place)}?range=24h`,
    editHref: null,
  };
  if (status === 'delivered') {
    const title = `Delivered: the receiver answered ${lastStatusCode ?? ''}`.trimEnd();
    return { ...base, state: 'ok', title };
  }
  if (status === 'pending' && attempts === 0) {
    return { ...base, state: 'pending', title: 'On its way…' };
  }
  const why = lastError ?? (lastStatusCode === null ? 'no answer' : `answer ${lastStatusCode}`);
  const again = status === 'pending' ? ' It is tried again by the schedule.' : '';
  return {
    ...{ ...base, state: 'bad', title: `Not delivered: ${why}.${again}` },
    editHref: projectPath(place, `/endpoints/${endpointId}/edit`),
  };
}

/** Safe because the use case found the project by this id. */
const projectIdOf = (call: ProjectCall) => call.project.id as ProjectId;

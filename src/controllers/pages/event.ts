/** /t/{tenant}/p/{project}/events/{id}: one event, and sending it again. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { formatAge, formatClock } from '../../../views/components/format.ts';
import {
  EventDeliveries,
  type EventDeliveriesProps,
  EventPage,
  type EventProps,
  SendAgain,
} from '../../../views/event.tsx';
import { projectPath } from '../../../views/navigation.ts';
import type { PayloadProps } from '../../../views/payload.tsx';
import { curlCommand, inlineBytesMax } from '../../domain/curl-command.ts';
import { AppError, notFound } from '../../domain/errors.ts';
import type { DeliveryId, EventId, ProjectId } from '../../domain/ids.ts';
import { readJsonTree } from '../../domain/json-tree.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { changeDeliveries } from '../../usecases/deliveries/change-deliveries.ts';
import {
  type Described,
  describeDeliveries,
} from '../../usecases/deliveries/describe-deliveries.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import type { Delivery } from '../../usecases/deliveries/schemas.ts';
import { describeEvents } from '../../usecases/events/describe-events.ts';
import { explainUnwanted, type Unwanted } from '../../usecases/events/explain-unwanted.ts';
import { type FoundEvent, findEvent } from '../../usecases/events/find-event.ts';
import { thing } from '../api/operation.ts';
import { tickedForm, toastOf } from './deliveries.ts';
import { stateOf, toDeliveryRow } from './delivery-rows.ts';
import { endpointName } from './endpoint-words.ts';
import { fromWords } from './events.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

const item = thing<EventId>('event');
const payloadViews = ['lines', 'tree', 'raw'] as const;
const eventQuery = z.strictObject({ view: z.enum(payloadViews).optional() });

/** The list of deliveries shows more. */
const deliveriesMax = 50;
/** A row each in the page; a larger payload is shown by its lines. */
const treeLimits = { nodesMax: 2_000, depthMax: 64 };
/** One line longer than this says nothing without its structure. */
const lineLengthMax = 120;

export function eventPage(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/events' })
    .get(
      '/:id',
      ...project.view({ item, query: eventQuery }, (call) =>
        eventView(call, call.id, call.query.view),
      ),
    )
    .get('/:id/again', ...project.view({ item }, (call) => againView(call, call.id)))
    .post(
      '/:id/again',
      ...project.action(
        {
          item,
          form: tickedForm,
          refused: (call, draft) => againView(call, call.id, draft),
        },
        async (call) => {
          await findOwn(call, call.id);
          const known = new Set(
            (await deliveriesOf(call, call.id)).map(({ delivery }) => delivery.id),
          );
          const ids = call.form.id.filter((id) => known.has(id));
          const changed = await changeDeliveries(call.ctx, ids, 'retry');
          const goTo = projectPath(call.place, `/events/${call.id}`);
          return { goTo, toast: toastOf(changed, 'sent again') };
        },
      ),
    );
}

async function findOwn(call: ProjectCall, id: EventId): Promise<FoundEvent> {
  const found = await findEvent(call.ctx, id);
  if (found.event.projectId !== call.project.id) throw notFound('event', id);
  return found;
}

/** Safe because the page's own use case found the project by this id. */
const projectIdOf = (call: ProjectCall) => call.project.id as ProjectId;

async function deliveriesOf(call: ProjectCall, eventId: EventId): Promise<Described[]> {
  const query = { projectId: projectIdOf(call), eventId, limit: deliveriesMax };
  const { data } = await listDeliveries(call.ctx, query);
  return describeDeliveries(call.ctx, data);
}

async function eventView(
  call: ProjectCall,
  id: EventId,
  view: PayloadProps['view'] | undefined,
): Promise<View> {
  const found = await findOwn(call, id);
  const described = await deliveriesOf(call, id);
  const path = projectPath(call.place, `/events/${id}`);
  const deliveries: EventDeliveriesProps = {
    rows: described.map((one) => toDeliveryRow(call, one)),
    path,
    allHref:
      described.length < deliveriesMax ? null : projectPath(call.place, `/deliveries?q=${id}`),
    nowMs: call.nowMs,
  };
  return {
    title: `${found.event.type} …${id.slice(-8)}`,
    nav: 'events',
    crumbs: [{ name: 'Events', href: projectPath(call.place, '/events') }],
    live: true,
    body: async () => EventPage(await toProps(call, found, described, deliveries, view)),
    parts: { deliveries: () => EventDeliveries(deliveries) },
  };
}

async function toProps(
  call: ProjectCall,
  found: FoundEvent,
  described: readonly Described[],
  deliveries: EventDeliveriesProps,
  view: PayloadProps['view'] | undefined,
): Promise<EventProps> {
  const { event } = found;
  const knownIds = new Set(described.map(({ delivery }) => delivery.endpointId));
  const [unwanted, [facts]] = await Promise.all([
    explainUnwanted(call.ctx, projectIdOf(call), found, knownIds),
    describeEvents(call.ctx, [event]),
  ]);
  const mayRetry = allows(scopesOf(call.tenant.role), 'deliveries:write');
  const search = (value: string) =>
    projectPath(call.place, `/events?${new URLSearchParams({ q: value })}`);
  return {
    path: deliveries.path,
    id: event.id,
    type: event.type,
    sentence: sentenceOf(call, event.receivedAt, described),
    curl: curlOf(call, found),
    acceptedAt: event.receivedAt,
    from: fromWords(event, facts?.keyName ?? null) ?? '–',
    orderingKey: event.orderingKey,
    metadata: Object.entries(event.metadata ?? {}).map(([name, value]) => {
      return { name, value, href: search(value) };
    }),
    deliveries,
    payload: payloadProps(found.payloadText, deliveries.path, view),
    unwanted: unwanted
      .filter(({ reason }) => reason !== 'type')
      .map((one) => ({
        name: endpointName(one),
        url: one.url,
        href: projectPath(call.place, `/endpoints/${one.id}`),
        words: reasonWords[one.reason],
      })),
    otherTypes: unwanted.filter(({ reason }) => reason === 'type').length,
    againHref: mayRetry && described.length > 0 ? `${deliveries.path}/again` : null,
  };
}

const reasonWords: Record<Unwanted['reason'], string> = {
  type: 'other event types',
  filter: 'its filter says no',
  disabled: 'disabled',
  later: 'made later, wants it today',
  wanted: 'wants it today',
  unknown: 'its filter was not tried',
};

function sentenceOf(
  { nowMs }: ProjectCall,
  receivedAt: string,
  described: readonly Described[],
): string {
  const accepted = `accepted ${formatAge(nowMs - Date.parse(receivedAt))} ago`;
  const endpoints = new Set(described.map(({ delivery }) => delivery.endpointId));
  const having = new Set(
    described
      .filter(({ delivery }) => delivery.status === 'delivered')
      .map(({ delivery }) => delivery.endpointId),
  );
  if (endpoints.size === 0) return `${accepted}, and no endpoint wanted it`;
  const retrying = described.filter(({ delivery }) => stateOf(delivery) === 'retrying');
  const [first] = retrying;
  const name = first?.endpoint ? endpointName(first.endpoint) : '1';
  const next = Date.parse(first?.delivery.nextAttemptAt ?? '') - nowMs;
  const failed = described.filter(({ delivery }) => delivery.status === 'failed').length;
  return [
    accepted,
    `${having.size} of ${endpoints.size} endpoints ${having.size === 1 ? 'has' : 'have'} it`,
    ...(retrying.length === 1
      ? [`${name} retries ${next < 1_000 ? 'now' : `in ${formatAge(next)}`}`]
      : []),
    ...(retrying.length > 1 ? [`${retrying.length} retrying`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(' · ');
}

/** Posts the same once more, its payload as it was written; null where a shell cannot hold it. */
function curlOf(call: ProjectCall, { event, payloadText }: FoundEvent): string | null {
  const { type, orderingKey, metadata } = event;
  const fields = [
    `"type":${JSON.stringify(type)}`,
    ...(orderingKey === null ? [] : [`"orderingKey":${JSON.stringify(orderingKey)}`]),
    ...(metadata === null ? [] : [`"metadata":${JSON.stringify(metadata)}`]),
    `"payload":${payloadText}`,
  ];
  const body = `{${fields.join(',')}}`;
  if (Buffer.byteLength(body) > inlineBytesMax) return null;
  const headers = {
    authorization: 'Bearer YOUR_API_KEY',
    'content-type': 'application/json',
  };
  return curlCommand({ url: `${call.ctx.deps.publicUrl()}/api/v1/webhooks`, headers, body });
}

function payloadProps(
  text: string,
  path: string,
  asked: PayloadProps['view'] | undefined,
): PayloadProps {
  const isOneLine = !text.includes('\n') && text.length > lineLengthMax;
  const wanted = asked ?? (isOneLine ? 'tree' : 'lines');
  const tree = wanted === 'tree' ? readJsonTree(text, treeLimits) : null;
  const view = wanted === 'tree' && tree === null ? 'lines' : wanted;
  return {
    ...{ text, view, tree },
    bytes: Buffer.byteLength(text),
    sha256: new Bun.CryptoHasher('sha256').update(text).digest('hex'),
    views: payloadViews.map((name) => ({
      label: name[0]?.toUpperCase() + name.slice(1),
      href: `${path}?view=${name}#payload`,
      current: name === view,
    })),
  };
}

/** One choice for each endpoint that has a delivery: the newest of them is tried once more. */
async function againView(
  call: ProjectCall,
  id: EventId,
  draft: FormDraft = emptyDraft,
): Promise<View> {
  const { event } = await findOwn(call, id);
  if (!allows(scopesOf(call.tenant.role), 'deliveries:write')) {
    throw new AppError('forbidden', 'Your role here may not send deliveries again.');
  }
  const path = projectPath(call.place, `/events/${id}`);
  const newest = new Map<string, Described>();
  for (const one of await deliveriesOf(call, id)) {
    if (!newest.has(one.delivery.endpointId)) newest.set(one.delivery.endpointId, one);
  }
  const choices = [...newest.values()].map(({ delivery, endpoint }) => ({
    // Safe because the database answered it as one of a delivery.
    id: delivery.id as DeliveryId,
    name: endpoint === null ? 'unknown' : endpointName(endpoint),
    disabled: endpoint === null || endpoint.deleted,
    words: endpoint?.deleted ? 'deleted' : againWords(delivery),
  }));
  return {
    title: 'Send again',
    nav: 'events',
    crumbs: [
      { name: 'Events', href: projectPath(call.place, '/events') },
      { name: event.type, href: path },
    ],
    body: () =>
      SendAgain({ type: event.type, action: `${path}/again`, backHref: path, choices, draft }),
  };
}

function againWords(delivery: Delivery): string {
  switch (stateOf(delivery)) {
    case 'pending':
      return 'is on its way';
    case 'retrying':
      return 'retrying; tried at once';
    case 'delivered':
      return `has it since ${formatClock(delivery.completedAt ?? '')}`;
    case 'failed':
      return 'failed; one more attempt';
    case 'cancelled':
      return 'cancelled; one attempt';
  }
}

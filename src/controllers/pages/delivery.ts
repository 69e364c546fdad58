/** /t/{tenant}/p/{project}/deliveries/{id}: one delivery, and what can be done with it. */
import { Elysia } from 'elysia';
import { formatAge } from '../../../views/components/format.ts';
import { DeliveryPage, type DeliveryProps } from '../../../views/delivery.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { curlCommand, inlineBytesMax } from '../../domain/curl-command.ts';
import { maskedValue } from '../../domain/endpoint-headers.ts';
import { AppError, notFound } from '../../domain/errors.ts';
import type { DeliveryId, EndpointId, EventId, ProjectId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import {
  type DescribedEndpoint,
  describeDeliveries,
} from '../../usecases/deliveries/describe-deliveries.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import { listNewestAttempts } from '../../usecases/deliveries/list-newest-attempts.ts';
import { retryDelivery } from '../../usecases/deliveries/retry-delivery.ts';
import type { Attempt, Delivery } from '../../usecases/deliveries/schemas.ts';
import { findEndpoint } from '../../usecases/endpoints/find-endpoint.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { type FoundEvent, findEvent } from '../../usecases/events/find-event.ts';
import { thing } from '../api/operation.ts';
import { scaleOf, scheduleOf, showAttempts } from './delivery-attempts.ts';
import { noticeOf } from './delivery-notice.ts';
import { stateOf, toDeliveryRow } from './delivery-rows.ts';
import { endpointName } from './endpoint-words.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

const item = thing<DeliveryId>('delivery');
/** Other deliveries of its event; the event's page shows all. */
const siblingsMax = 8;
/** Of the payload on this page; the event's page shows all. */
const payloadShownMax = 8_192;

export function deliveryPage(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/deliveries' })
    .get('/:id', ...project.view({ item }, (call) => deliveryView(call, call.id)))
    .post(
      '/:id/retry',
      ...project.action({ item }, async (call) => {
        await findOwn(call, call.id);
        const goTo = projectPath(call.place, `/deliveries/${call.id}`);
        try {
          await retryDelivery(call.ctx, call.id);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
          return { goTo, toast: { tone: 'bad', title: 'Not retried', text: error.message } };
        }
        const text = 'Its result comes here by itself.';
        return { goTo, toast: { tone: 'ok', title: 'One attempt is on its way', text } };
      }),
    );
}

/** As for what is another tenant's: a project's pages show what is the project's. */
async function findOwn(call: ProjectCall, id: DeliveryId): Promise<Delivery> {
  const delivery = await findDelivery(call.ctx, id);
  if (delivery.projectId !== call.project.id) throw notFound('delivery', id);
  return delivery;
}

async function deliveryView(call: ProjectCall, id: DeliveryId): Promise<View> {
  const delivery = await findOwn(call, id);
  // Safe because the database answered them as ids of these kinds.
  const eventId = delivery.eventId as EventId;
  const endpointId = delivery.endpointId as EndpointId;
  const projectId = call.project.id as ProjectId;
  const [attempts, event, endpoint, { data }] = await Promise.all([
    listNewestAttempts(call.ctx, id),
    orNull(findEvent(call.ctx, eventId)),
    orNull(findEndpoint(call.ctx, endpointId)),
    listDeliveries(call.ctx, { projectId, eventId, limit: siblingsMax + 1 }),
  ]);
  const others = data.filter((one) => one.id !== id).slice(0, siblingsMax);
  const [own, ...siblings] = await describeDeliveries(call.ctx, [delivery, ...others]);
  const props: DeliveryProps = {
    ...pathsOf(call, delivery),
    ...whatWasSent(attempts, own?.endpoint?.url ?? '', event),
    id,
    eventType: delivery.eventType,
    state: stateOf(delivery),
    sentence: sentenceOf(call, delivery, own?.endpoint ?? null),
    nextAttemptAt: delivery.nextAttemptAt,
    acceptedAt: delivery.createdAt,
    notice: noticeOf({ delivery, endpoint, last: attempts[0] }),
    event: {
      id: eventId,
      href: projectPath(call.place, `/events/${eventId}`),
    },
    orderingKey: event?.event.orderingKey ?? null,
    endpoint: {
      name: own?.endpoint ? endpointName(own.endpoint) : 'unknown',
      url: own?.endpoint?.url ?? '',
      href: endpoint === null ? null : projectPath(call.place, `/endpoints/${endpointId}`),
    },
    isReplay: delivery.replayId !== null,
    schedule: scheduleOf(delivery, attempts, scheduleNow(endpoint)),
    siblings: siblings.map((one) => toDeliveryRow(call, one)),
    nowMs: call.nowMs,
  };
  return {
    title: `${delivery.eventType} …${id.slice(-8)}`,
    nav: 'deliveries',
    crumbs: [{ name: 'Deliveries', href: projectPath(call.place, '/deliveries') }],
    live: true,
    body: () => DeliveryPage(props),
    parts: { delivery: () => DeliveryPage(props) },
  };
}

const scheduleNow = (endpoint: Endpoint | null) => endpoint?.retrySchedule ?? [];

async function orNull<Found>(finding: Promise<Found>): Promise<Found | null> {
  try {
    return await finding;
  } catch (error) {
    // An event past its days, an endpoint that was deleted: the delivery is still there to see.
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}

function pathsOf(call: ProjectCall, { id, status }: Delivery) {
  const mayChange = allows(scopesOf(call.tenant.role), 'deliveries:write');
  const path = projectPath(call.place, `/deliveries/${id}`);
  const cancel = projectPath(call.place, `/deliveries/cancel?id=${id}`);
  return {
    path,
    retryPath: mayChange ? `${path}/retry` : null,
    cancelPath: mayChange && status === 'pending' ? cancel : null,
  };
}

function whatWasSent(attempts: readonly Attempt[], url: string, event: FoundEvent | null) {
  const [newest] = attempts;
  const text = event?.payloadText ?? '';
  const isCut = text.length > payloadShownMax;
  const shown = isCut ? text.slice(0, payloadShownMax) : text;
  const headers = newest?.requestHeaders ?? {};
  return {
    attempts: showAttempts(attempts, url.startsWith('https:')),
    scaleMs: scaleOf(attempts),
    payload: event === null ? null : { text: shown, bytes: Buffer.byteLength(text), isCut },
    curl: newest === undefined || event === null ? null : curlOf({ url, headers, body: text }),
  };
}

function curlOf(request: Parameters<typeof curlCommand>[0]) {
  return {
    command: curlCommand(request),
    hasMasked: Object.values(request.headers).includes(maskedValue),
    readsFile: Buffer.byteLength(request.body) > inlineBytesMax,
  };
}

/** Whom it is for, how far it is, and when it is sent next. */
function sentenceOf(
  { nowMs }: ProjectCall,
  { status, attempts, nextAttemptAt, completedAt }: Delivery,
  endpoint: DescribedEndpoint | null,
): string {
  const clock = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
  const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  const to = endpoint === null ? '' : `to ${endpointName(endpoint)} · `;
  if (status === 'delivered') return `${to}delivered with ${times}, at ${clock(completedAt ?? '')}`;
  if (status === 'failed') return `${to}given up after ${times}, at ${clock(completedAt ?? '')}`;
  if (status === 'cancelled')
    return `${to}cancelled after ${times}, at ${clock(completedAt ?? '')}`;
  if (attempts === 0) return `${to}waits for its first attempt`;
  const leftMs = Date.parse(nextAttemptAt ?? '') - nowMs;
  const next = leftMs < 1_000 ? 'next now' : `next in ${formatAge(leftMs)}`;
  const of = Math.max(endpoint?.attemptsMax ?? 0, attempts + 1);
  return `${to}${attempts} of ${of} attempts failed · ${next}, at ${clock(nextAttemptAt ?? '')}`;
}

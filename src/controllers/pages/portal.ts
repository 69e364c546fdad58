/** /portal/{token}: a customer's own endpoints and deliveries, as its link permits. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { Portal, PortalDeliveryRows, type PortalProps } from '../../../views/portal.tsx';
import { PortalDelivery } from '../../../views/portal-delivery.tsx';
import { brandStyles } from '../../domain/brand-styles.ts';
import { deliveryStatuses } from '../../domain/deliveries.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { describeDeliveries } from '../../usecases/deliveries/describe-deliveries.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { listAttempts } from '../../usecases/deliveries/list-attempts.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import { retryDelivery } from '../../usecases/deliveries/retry-delivery.ts';
import type { DeliveryListQuery } from '../../usecases/deliveries/schemas.ts';
import {
  endpointsPerPage,
  listEndpointHealth,
} from '../../usecases/endpoints/list-endpoint-health.ts';
import { listParameters } from '../../usecases/schemas.ts';
import { thing } from '../api/operation.ts';
import { stylesResponse } from './answers.ts';
import { deliveryRowOf } from './delivery-rows.ts';
import { toEndpointRow } from './endpoints.ts';
import type { PageDeps } from './page.ts';
import { portalEndpointPages } from './portal-endpoints.ts';
import { createPortalPages, type PortalCall, type PortalView } from './portal-page.ts';
import { portalStats } from './portal-stats.ts';
import { portalDone, portalToast } from './portal-words.ts';

const deliveriesPerPage = 25;
/** More than any schedule has; the last are the ones that matter. */
const attemptsMax = 100;

const delivery = thing<DeliveryId>('delivery');
const homeQuery = z.strictObject({
  status: z.enum(deliveryStatuses).optional(),
  cursor: listParameters<DeliveryId>().cursor,
  page: z.coerce.number().int().min(1).max(400).default(1),
  done: portalDone,
});
type HomeQuery = z.output<typeof homeQuery>;

export function portalPages(deps: PageDeps) {
  const portal = createPortalPages(deps);
  return new Elysia({ prefix: '/portal/:token' })
    .get('', ...portal.view({ query: homeQuery }, (call) => homeView(call, call.query)))
    .get('/brand.css', ...portal.answer(brandAnswer))
    .use(portalEndpointPages(deps))
    .get(
      '/deliveries/:id',
      ...portal.view(
        { item: delivery, query: z.strictObject({ done: portalDone }) },
        ({ query, ...call }) => deliveryView(call, query.done),
      ),
    )
    .post(
      '/deliveries/:id/retry',
      ...portal.action({ item: delivery }, async ({ ctx, id, path }) => {
        await retryDelivery(ctx, id);
        return { goTo: `${path}/deliveries/${id}?done=retried` };
      }),
    );
}

function brandAnswer({ look }: PortalCall): Response {
  return stylesResponse(brandStyles(look, 'page'));
}

async function homeView(call: PortalCall, query: HomeQuery): Promise<PortalView> {
  const { ctx, path, nowMs, mayWrite } = call;
  const { projectId } = ctx.actor;
  const [{ counts, endpoints }, deliveries] = await Promise.all([
    listEndpointHealth(ctx, { projectId, text: null, state: null, page: query.page }),
    deliveryRows(call, { limit: deliveriesPerPage, ...pick(query) }),
  ]);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const here = (parameters: Record<string, string>) => {
    const search = new URLSearchParams(parameters).toString();
    return search === '' ? path : `${path}?${search}`;
  };
  const kept = query.status === undefined ? {} : { status: query.status };
  const props: PortalProps = {
    ...{ path, nowMs, mayWrite, total },
    sentence: sentenceOf(counts, total),
    stats: total > 0 && total <= endpointsPerPage ? portalStats(endpoints) : [],
    here: here(query.cursor === undefined ? kept : { ...kept, cursor: query.cursor }),
    endpoints: endpoints.map((endpoint) => toEndpointRow(endpoint, `${path}/endpoints`, nowMs)),
    previousHref: query.page > 1 ? here({ page: String(query.page - 1) }) : null,
    nextHref: query.page * endpointsPerPage < total ? here({ page: String(query.page + 1) }) : null,
    segments: segments.map(({ label, status }) => ({
      label,
      href: here(status === undefined ? {} : { status }),
      current: status === query.status,
    })),
    rows: deliveries.rows,
    olderHref:
      deliveries.nextCursor === null ? null : here({ ...kept, cursor: deliveries.nextCursor }),
    newestHref: query.cursor === undefined ? null : here(kept),
  };
  return {
    title: 'Webhooks',
    body: () => Portal(props),
    parts: { deliveries: () => PortalDeliveryRows(props) },
    toast: portalToast(query.done),
  };
}

const segments = [
  { label: 'All', status: undefined },
  { label: 'Waiting', status: 'pending' },
  { label: 'Failed', status: 'failed' },
] as const;

function pick({ status, cursor }: HomeQuery) {
  return {
    ...(status === undefined ? {} : { status }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

async function deliveryRows(call: PortalCall, query: Omit<DeliveryListQuery, 'projectId'>) {
  const { data, nextCursor } = await listDeliveries(call.ctx, query);
  const described = await describeDeliveries(call.ctx, data);
  return {
    rows: described.map((one) => deliveryRowOf(call.path, one)),
    nextCursor,
  };
}

function sentenceOf(counts: Record<string, number>, total: number): string {
  if (total === 0) return 'Add an endpoint, and what happens is sent to it.';
  const ill = [
    [counts['open'], 'stopped: it failed in a row'],
    [counts['failing'], 'failing'],
    [counts['paused'], 'paused'],
    [counts['disabled'], 'disabled'],
  ] as const;
  const found = ill.flatMap(([count = 0, words]) => (count === 0 ? [] : [`${count} ${words}`]));
  if (found.length === 0) return 'Your endpoints take what they are sent.';
  return `Of your ${total} endpoint${total === 1 ? '' : 's'}: ${found.join(', ')}. What fails is sent again by itself.`;
}

async function deliveryView(
  call: PortalCall & { id: DeliveryId },
  done: HomeQuery['done'],
): Promise<PortalView> {
  const { ctx, id, path, nowMs, mayWrite } = call;
  const [found, attempts] = await Promise.all([
    findDelivery(ctx, id),
    listAttempts(ctx, id, { limit: attemptsMax }),
  ]);
  const [described] = await describeDeliveries(ctx, [found]);
  if (described === undefined) throw new Error('a delivery was described as none');
  const { endpoint } = described;
  const props = {
    ...{ path, nowMs },
    row: deliveryRowOf(path, described),
    retryHref:
      mayWrite && endpoint !== null && !endpoint.deleted ? `${path}/deliveries/${id}/retry` : null,
    attempts: attempts.data.toReversed(),
  };
  return {
    title: found.eventType,
    body: () => PortalDelivery(props),
    parts: { delivery: () => PortalDelivery(props) },
    toast: portalToast(done),
  };
}

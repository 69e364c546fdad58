/** /t/{tenant}/p/{project}/endpoints/{id}, its tabs and what is shown in them. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import {
  formatAge,
  formatCount,
  formatDuration,
  formatPercentFigure,
  formatShort,
} from '../../../views/components/format.ts';
import type { Stat } from '../../../views/components/stats.tsx';
import {
  EndpointFigures,
  EndpointHealth,
  type EndpointHealthProps,
  type RecentDelivery,
  TestPanel,
} from '../../../views/endpoint.tsx';
import { EndpointSettings } from '../../../views/endpoint-settings.tsx';
import {
  type EndpointSecretsProps,
  EndpointSigning,
  Secrets,
} from '../../../views/endpoint-signing.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { ReplayDialog } from '../../../views/replay-form.tsx';
import type { DeliveryId, EndpointId, ProjectId } from '../../domain/ids.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import type { Delivery } from '../../usecases/deliveries/schemas.ts';
import { listSecrets } from '../../usecases/endpoints/list-secrets.ts';
import { type EndpointDay, readEndpointDay } from '../../usecases/endpoints/read-endpoint-day.ts';
import { readWaiting } from '../../usecases/endpoints/read-waiting.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { listRunningTo } from '../../usecases/replays/list-running-to.ts';
import { readPaces } from '../../usecases/replays/read-paces.ts';
import { idInput } from '../../usecases/schemas.ts';
import { thing } from '../api/operation.ts';
import { endpointFacts } from './endpoint-facts.ts';
import {
  deleting,
  type EndpointCall,
  endpointFrame,
  endpointPath,
  findHere,
  headOf,
} from './endpoint-frame.ts';
import { noticeOf } from './endpoint-notice.ts';
import { readTestResult } from './endpoint-test.ts';
import { endpointName } from './endpoint-words.ts';
import { mayChangeEndpoints, toneOf } from './endpoints.ts';
import { createPages, type PageDeps, type View } from './page.ts';
import { replayDialogProps } from './replay-input.ts';
import { runningWords } from './replay-rows.ts';

export const item = thing<EndpointId>('endpoint');

const recentShown = 9;
/** The delivery of a test event that was just sent. */
const healthQuery = z.strictObject({ test: idInput<DeliveryId>().optional() });
type HealthCall = EndpointCall & { query: z.output<typeof healthQuery> };

export function endpointPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/endpoints/:id' })
    .get('', ...project.view({ item, query: healthQuery }, healthView))
    .get('/signing', ...project.view({ item }, (call) => signingView(call, null)))
    .get('/settings', ...project.view({ item }, settingsView));
}

async function healthView(call: HealthCall): Promise<View> {
  const { ctx, id, place, nowMs } = call;
  const { test } = call.query;
  const projectId = call.project.id as ProjectId; // Safe because the use case has found it.
  const [endpoint, day, recent, secrets, result, replays] = await Promise.all([
    findHere(call),
    readEndpointDay(ctx, id),
    listDeliveries(ctx, {
      projectId,
      endpointId: id,
      limit: recentShown,
    }),
    readSecrets(call, null),
    test === undefined ? null : readTestResult(call, test),
    readReplaysTo(call, projectId),
  ]);
  const head = headOf(call, endpoint, 'health', day.pending);
  const props: EndpointHealthProps = {
    ...{ head, secrets, nowMs },
    path: result === null ? head.path : `${head.path}?test=${test}`,
    notice: noticeOf(endpoint, day.pending, recent.data, nowMs),
    test: result,
    stats: statsOf(endpoint, day, nowMs),
    replays: { href: projectPath(place, '/replays'), lines: replays },
    quarters: day.quarters.map(({ at, figures }) => ({ at, ...figures })),
    recent: recent.data.map((delivery) => ({
      ...toRecent(delivery),
      href: projectPath(place, `/deliveries/${delivery.id}`),
    })),
    attemptsMax: endpoint.retrySchedule.length + 1,
    deliveriesHref: projectPath(place, `/deliveries?endpoint=${id}`),
    facts: endpointFacts(endpoint),
  };
  const canReplay = head.mayChange && head.state !== 'disabled';
  const replay = canReplay ? replayDialogProps(call, endpoint) : null;
  return {
    ...endpointFrame(call, head.name),
    live: true,
    body: () => EndpointHealth({ ...props, replay: replay === null ? null : ReplayDialog(replay) }),
    parts: {
      figures: () => EndpointFigures(props),
      ...(result === null ? {} : { test: () => TestPanel(result) }),
    },
  };
}

async function readReplaysTo(call: HealthCall, projectId: ProjectId): Promise<string[]> {
  const replays = await listRunningTo(call.ctx, { projectId, endpointId: call.id });
  const paces = await readPaces(call.ctx, replays);
  return replays.map((replay) => runningWords(replay, paces.get(replay.id)));
}

function toRecent(delivery: Delivery): Omit<RecentDelivery, 'href'> {
  const { status, attempts, lastStatusCode, lastError, nextAttemptAt, createdAt } = delivery;
  return {
    type: delivery.eventType,
    state: status === 'pending' && attempts > 0 ? 'retrying' : status,
    ...{ attempts, nextAttemptAt, createdAt },
    statusCode: lastStatusCode,
    error: lastStatusCode === null && lastError !== null ? 'no answer' : null,
  };
}

function statsOf(endpoint: Endpoint, { day, hour, quarters, pending }: EndpointDay, nowMs: number) {
  const percent = (ratio: number | null) => (ratio === null ? '–' : formatPercentFigure(ratio));
  const tone = toneOf(hour.successRatio);
  const [p95 = '–', p95Unit = ''] = formatDuration(hour.p95Ms ?? day.p95Ms).split(' ');
  const delivered = formatShort(day.delivered);
  const oldestMs = pending.oldestAt === null ? null : nowMs - Date.parse(pending.oldestAt);
  const of = (pick: (figures: EndpointDay['day']) => number | null) =>
    quarters.map(({ figures }) => pick(figures) ?? 0);
  const stats: Stat[] = [
    {
      label: 'Success, last hour',
      value: percent(hour.successRatio),
      unit: hour.successRatio === null ? '' : '%',
      sub: `24 h ${percent(day.successRatio)}${day.successRatio === null ? '' : ' %'}`,
      ...(tone === null ? {} : { tone }),
      spark: quarters.map(({ figures }) => figures.successRatio ?? day.successRatio ?? 1),
      zero: false,
    },
    {
      label: 'Waiting',
      value: formatCount(pending.count) + (pending.more ? '+' : ''),
      sub: oldestMs === null ? 'nothing waits' : `oldest ${formatAge(oldestMs)}`,
    },
    {
      label: 'Answer time, p95',
      value: p95,
      unit: p95Unit,
      sub: `limit ${formatDuration(endpoint.timeoutMs)}`,
      spark: of(({ p95Ms }) => p95Ms),
    },
    {
      label: 'Attempts per delivery',
      value: day.perDelivery === null ? '–' : day.perDelivery.toFixed(2),
      sub: 'in 24 h',
      spark: of(({ perDelivery }) => perDelivery),
    },
    {
      label: 'Delivered, 24 h',
      ...delivered,
      sub: `${formatCount(day.attemptsFailed)} attempts failed`,
      spark: of((figures) => figures.delivered),
    },
  ];
  return stats;
}

async function readSecrets(
  call: EndpointCall,
  revealed: string | null,
): Promise<EndpointSecretsProps> {
  const rows = await listSecrets(call.ctx, call.id);
  const mayChange = mayChangeEndpoints(call);
  return { rows, revealed, mayChange, path: endpointPath(call), nowMs: call.nowMs };
}

/** @param revealed the current secret, for who asked to see it */
export async function signingView(call: EndpointCall, revealed: string | null): Promise<View> {
  const [endpoint, pending, secrets] = await Promise.all([
    findHere(call),
    readWaiting(call.ctx, call.id),
    readSecrets(call, revealed),
  ]);
  const head = headOf(call, endpoint, 'signing', pending);
  return {
    ...endpointFrame(call, 'Signing', { name: head.name, href: head.path }),
    body: () => EndpointSigning({ head, secrets, kind: endpoint.signing, url: endpoint.url }),
    parts: { secrets: () => Secrets(secrets) },
  };
}

async function settingsView(call: EndpointCall): Promise<View> {
  const [endpoint, pending] = await Promise.all([findHere(call), readWaiting(call.ctx, call.id)]);
  const head = headOf(call, endpoint, 'settings', pending);
  return {
    ...endpointFrame(call, 'Settings', { name: head.name, href: head.path }),
    body: () =>
      EndpointSettings({
        head,
        facts: endpointFacts(endpoint),
        filter: endpoint.filter === null ? null : JSON.stringify(endpoint.filter, null, 2),
        headers: Object.entries(endpoint.headers),
        remove: deleting(endpointName(endpoint), pending),
      }),
  };
}

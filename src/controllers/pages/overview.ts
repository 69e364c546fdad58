/** /t/{tenant}/p/{project}: the overview, or the first run while there are no events. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { formatCount } from '../../../views/components/format.ts';
import { projectPath } from '../../../views/navigation.ts';
import { Overview, OverviewFigures, type OverviewProps } from '../../../views/overview.tsx';
import type { ProjectId } from '../../domain/ids.ts';
import { describeDeliveries } from '../../usecases/deliveries/describe-deliveries.ts';
import { listDeliveries } from '../../usecases/deliveries/list-deliveries.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { pendingMax } from '../../usecases/projects/health.ts';
import {
  type OverviewRange,
  overviewRanges,
  type ProjectOverview,
  readProjectOverview,
} from '../../usecases/projects/read-project-overview.ts';
import { toDeliveryRow } from './delivery-rows.ts';
import { endpointName } from './endpoint-words.ts';
import { findFirstRun, firstRunParts, testsMax } from './first-run.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';
import { stepWords } from './time-span.ts';

const rangeDefault: OverviewRange = '24h';
const rangeWords: Record<OverviewRange, string> = {
  '1h': '1 h',
  '24h': '24 h',
  '7d': '7 d',
  '30d': '30 d',
};
/** Names of ranges, in their order; `keys` of an object have no such type. */
const ranges: readonly OverviewRange[] = ['1h', '24h', '7d', '30d'];

const overviewQuery = z.strictObject({
  range: z.enum(Object.keys(overviewRanges) as [OverviewRange]).optional(),
});

/** The ones looked at; a project with more shows its newest. */
const endpointsMax = 200;
const attentionMax = 5;
const givenUpMax = 6;

export function overviewPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia().get(
    '/t/:tenant/p/:project',
    ...project.view({ query: overviewQuery }, async (call) => {
      // Safe because the use case found the project by this id.
      const projectId = call.project.id as ProjectId;
      const range = call.query.range ?? rangeDefault;
      const overview = await readProjectOverview(call.ctx, projectId, range);
      // Who names a range asks for the figures, also of tests.
      const isYoung = overview.totals.attempts + overview.health.pending <= testsMax;
      const start = isYoung && call.query.range === undefined ? await findFirstRun(call) : null;
      if (start !== null) return start;
      const { data } = await listEndpoints(call.ctx, { projectId, limit: endpointsMax });
      return overviewView(call, overview, data, range);
    }),
  );
}

const frame = { title: 'Overview', nav: 'overview', crumbs: [], live: true } as const;

async function overviewView(
  call: ProjectCall,
  overview: ProjectOverview,
  endpoints: readonly Endpoint[],
  range: OverviewRange,
): Promise<View> {
  const path = projectPath(call.place);
  const { health, totals, series, waitingSince } = overview;
  const { nowMs } = call;
  const projectId = call.project.id as ProjectId;
  const since = new Date(series[0]?.at ?? nowMs);
  const failed = { projectId, status: 'failed' as const, since, limit: givenUpMax };
  const { data } = await listDeliveries(call.ctx, failed);
  const givenUp = await describeDeliveries(call.ctx, data);
  const props: OverviewProps = {
    ...{ totals, series, waitingSince, nowMs },
    path: `${path}?range=${range}`,
    sentence: sentenceOf(health),
    ranges: ranges.map((name, index) => ({
      label: rangeWords[name],
      shortcut: String(index + 1),
      href: `${path}?range=${name}`,
      current: name === range,
    })),
    events: eventWords(overview.eventDays, range),
    pending: health.pending,
    pendingMore: health.pending >= pendingMax,
    attention: attentionOf(call, endpoints),
    volume: {
      points: series.map(({ at, figures }) => ({ at, ...figures, href: null })),
      step: stepWords(overview.stepMs),
      hasDays: range.endsWith('d'),
      words: `the last ${rangeWords[range]}`,
    },
    causes: overview.causes.map(({ endpointId, statusCode, error, count, ...endpoint }) => ({
      cause: statusCode === null ? (error ?? 'No answer') : `HTTP ${statusCode}`,
      endpoint: endpointName(endpoint),
      href: projectPath(call.place, `/deliveries?status=failed&endpoint=${endpointId}`),
      count,
    })),
    givenUp: givenUp.map((one) => toDeliveryRow(call, one)),
    givenUpHref: projectPath(call.place, '/deliveries?status=failed'),
  };
  return {
    ...frame,
    body: () => Overview(props),
    parts: { figures: () => OverviewFigures(props) },
    past: firstRunParts,
  };
}

/** Days are of UTC, and the last of them is not over. */
function eventWords(
  days: ProjectOverview['eventDays'],
  range: OverviewRange,
): OverviewProps['events'] {
  const counts = days.map(({ events }) => events);
  const [yesterday = 0, today = 0] = counts.slice(-2);
  if (!range.endsWith('d')) {
    return { count: today, words: `today · ${formatCount(yesterday)} yesterday`, days: counts };
  }
  const count = counts.reduce((sum, events) => sum + events, 0);
  return { count, words: `${days.length} days · ${formatCount(today)} today`, days: counts };
}

/** The engine's own judgement comes before what people decided: they know of that. */
const worstFirst: readonly string[] = ['open', 'failing', 'disabled', 'asked'];

function attentionOf(
  call: ProjectCall,
  endpoints: readonly Endpoint[],
): OverviewProps['attention'] {
  return endpoints
    .flatMap((endpoint) => lookAt(call, endpoint) ?? [])
    .sort((a, b) => worstFirst.indexOf(a.kind) - worstFirst.indexOf(b.kind))
    .slice(0, attentionMax)
    .map(({ item }) => item);
}

/** Of what opsforge did by itself; what people stopped needs nobody. */
const reasonWords = new Map([
  ['gone', 'the receiver answered 410, gone'],
  ['failing_for_5_days', 'nothing was delivered for 5 days'],
]);

type Looked = { kind: string; item: OverviewProps['attention'][number] };

/** What somebody should know about an endpoint; null for most. */
function lookAt(call: ProjectCall, endpoint: Endpoint): Looked | null {
  const { status, pausedUntil, failingSince, statusReason, updatedAt } = endpoint;
  const name = endpointName(endpoint);
  const clock = (at: string) => `${at.slice(11, 16)} UTC`;
  const looked = (
    kind: string,
    glyph: 'bad' | 'warn',
    what: string,
    text: string,
    since: string | null,
  ): Looked => ({
    kind,
    item: {
      ...{ glyph, text, since, title: `${name}: ${what}`, link: 'Open endpoint' },
      href: projectPath(call.place, `/endpoints/${endpoint.id}`),
    },
  });
  if (pausedUntil !== null && statusReason === 'circuit_breaker') {
    const text = `attempts failed in a row, one is sent at ${clock(pausedUntil)}`;
    return looked('open', 'bad', 'breaker open', text, failingSince);
  }
  if (pausedUntil !== null) {
    const text = `its deliveries wait until ${clock(pausedUntil)}`;
    return looked('asked', 'warn', 'the receiver asked to wait', text, failingSince);
  }
  if (status === 'disabled') {
    const words = reasonWords.get(statusReason ?? '');
    return words === undefined ? null : looked('disabled', 'bad', 'disabled', words, updatedAt);
  }
  if (status === 'paused' || failingSince === null) return null;
  const text = `no success since ${clock(failingSince)}, retries go on`;
  return looked('failing', 'warn', 'failing', text, failingSince);
}

function sentenceOf({ breakersOpen, failing, stopped }: ProjectOverview['health']): string {
  const counted = (count: number, words: string) =>
    count === 0 ? [] : [`${count} endpoint${count === 1 ? '' : 's'} ${words}`];
  const wrong = [
    ...counted(breakersOpen, 'paused by the breaker'),
    ...counted(Math.max(0, failing - breakersOpen), 'failing'),
    ...counted(stopped, 'paused or disabled'),
  ];
  if (wrong.length === 0) return 'Everything is delivering.';
  return `${wrong.join(', ')}. Everything else is delivering.`;
}

/** /t/{tenant}/p/{project}: the overview, or the first run while there are no events. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { projectPath } from '../../../views/navigation.ts';
import { Overview, OverviewFigures, type OverviewProps } from '../../../views/overview.tsx';
import type { ProjectId } from '../../domain/ids.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { pendingMax } from '../../usecases/projects/health.ts';
import {
  type OverviewRange,
  overviewRanges,
  type ProjectOverview,
  readProjectOverview,
} from '../../usecases/projects/read-project-overview.ts';
import { findFirstRun, firstRunParts, testsMax } from './first-run.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

const rangeDefault: OverviewRange = '24h';
const rangeWords: Record<OverviewRange, string> = {
  '1h': '1 h',
  '24h': '24 h',
  '7d': '7 d',
  '30d': '30 d',
};
const stepWords: Record<OverviewRange, string> = {
  '1h': 'min',
  '24h': '15 min',
  '7d': '2 h',
  '30d': '6 h',
};
/** Names of ranges, in their order; `keys` of an object have no such type. */
const ranges: readonly OverviewRange[] = ['1h', '24h', '7d', '30d'];

const overviewQuery = z.strictObject({
  range: z.enum(Object.keys(overviewRanges) as [OverviewRange]).optional(),
});

/** The ones looked at; a project with more shows its newest. */
const endpointsMax = 200;
const shownMax = 6;

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

function overviewView(
  call: ProjectCall,
  overview: ProjectOverview,
  endpoints: readonly Endpoint[],
  range: OverviewRange,
): View {
  const path = projectPath(call.place);
  const { health, totals, series } = overview;
  const ill = endpoints
    .flatMap((endpoint) => lookAt(endpoint) ?? [])
    .sort((a, b) => worstFirst.indexOf(a.state) - worstFirst.indexOf(b.state));
  const props: OverviewProps = {
    ...{ totals, series },
    path: `${path}?range=${range}`,
    sentence: sentenceOf(health),
    ranges: ranges.map((name) => ({
      label: rangeWords[name],
      href: `${path}?range=${name}`,
      current: name === range,
    })),
    pending: health.pending,
    pendingMore: health.pending >= pendingMax,
    endpoints: ill.slice(0, shownMax),
    endpointCount: health.endpoints,
    step: stepWords[range],
    range: rangeWords[range],
  };
  return {
    ...frame,
    body: () => Overview(props),
    parts: { figures: () => OverviewFigures(props) },
    past: firstRunParts,
  };
}

const worstFirst: readonly string[] = ['open', 'failing', 'disabled', 'paused'];

/** Of what opsforge did by itself; people give reasons of their own. */
const reasonWords = new Map([
  ['gone', 'The receiver answered 410 Gone'],
  ['failing_for_5_days', 'Nothing was delivered for 5 days'],
  ['disabled_by_request', 'The receiver asked for it'],
]);

const reasonOf = (reason: string | null) => reasonWords.get(reason ?? '') ?? reason ?? 'By people';

/** What is not well about an endpoint; null for the healthy. */
function lookAt(endpoint: Endpoint): OverviewProps['endpoints'][number] | null {
  const { url, description, status, pausedUntil, failingSince, statusReason } = endpoint;
  const name = description === '' ? url : description;
  const clock = (at: string) => `${at.slice(0, 16).replace('T', ' ')} UTC`;
  if (pausedUntil !== null) {
    const isBreaker = statusReason === 'circuit_breaker';
    const text = isBreaker
      ? `Failed in a row, tried again ${clock(pausedUntil)}`
      : `The receiver asked to wait until ${clock(pausedUntil)}`;
    return { name, url, state: isBreaker ? 'open' : 'paused', text };
  }
  if (status === 'disabled') return { name, url, state: 'disabled', text: reasonOf(statusReason) };
  if (status === 'paused') return { name, url, state: 'paused', text: reasonOf(statusReason) };
  if (failingSince === null) return null;
  return { name, url, state: 'failing', text: `No success since ${clock(failingSince)}` };
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

/** /t/{tenant}/p/{project}/endpoints: which receiver is in trouble? */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { Beat } from '../../../views/components/bars.tsx';
import { formatCount } from '../../../views/components/format.ts';
import {
  EndpointList,
  type EndpointRow,
  Endpoints,
  type EndpointsProps,
  NoEndpoints,
} from '../../../views/endpoints.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { type EndpointState, endpointStates } from '../../domain/endpoint-states.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import {
  type AttemptHour,
  type EndpointHealth,
  type EndpointHealthPage,
  endpointPagesMax,
  endpointsPerPage,
  listEndpointHealth,
  listedPendingMax,
} from '../../usecases/endpoints/list-endpoint-health.ts';
import { endpointName, shortUrl, stateReason } from './endpoint-words.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

const textMax = 200;

const listQuery = z.strictObject({
  q: z.string().max(textMax).optional(),
  state: z.enum(endpointStates).optional(),
  page: z.coerce.number().int().min(1).max(endpointPagesMax).default(1),
});
type ListQuery = z.output<typeof listQuery>;

/** Below them the share of attempts that succeeded is worth a colour. */
const badRatio = 0.99;
const lowRatio = 0.995;
const slowMs = 1_000;
/** From here on an hour has mostly failed. */
const mostlyRatio = 0.5;

export function endpointListPage(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia().get(
    '/t/:tenant/p/:project/endpoints',
    ...project.view({ query: listQuery }, async (call) => {
      const { q, state, page } = call.query;
      const text = q?.trim() || null;
      // Safe because the use case found the project by this id.
      const projectId = call.project.id as ProjectId;
      const asked = { projectId, text, state: state ?? null, page };
      const found = await listEndpointHealth(call.ctx, asked);
      const isEmpty = text === null && totalOf(found.counts) === 0;
      return isEmpty ? emptyView(call) : listView(call, found, text);
    }),
  );
}

/** Whether who asks may change endpoints; the use cases refuse in any case. */
export function mayChangeEndpoints({ tenant }: ProjectCall): boolean {
  return allows(scopesOf(tenant.role), 'endpoints:write');
}

const newPathOf = (call: ProjectCall) =>
  mayChangeEndpoints(call) ? projectPath(call.place, '/endpoints/new') : null;

const frame = { title: 'Endpoints', nav: 'endpoints', crumbs: [] } as const;

function emptyView(call: ProjectCall): View {
  return { ...frame, body: () => NoEndpoints({ newPath: newPathOf(call) }) };
}

function listView(
  call: ProjectCall & { query: ListQuery },
  { counts, endpoints }: EndpointHealthPage,
  text: string | null,
): View {
  const { nowMs, query } = call;
  const { state = null, page } = query;
  const listPath = projectPath(call.place, '/endpoints');
  const hrefOf = (to: { text?: string | null; state: EndpointState | null; page?: number }) => {
    const parameters = new URLSearchParams();
    const words = to.text === undefined ? text : to.text;
    if (words !== null) parameters.set('q', words);
    if (to.state !== null) parameters.set('state', to.state);
    if (to.page !== undefined && to.page > 1) parameters.set('page', String(to.page));
    return parameters.size === 0 ? listPath : `${listPath}?${parameters}`;
  };
  const total = state === null ? totalOf(counts) : counts[state];
  const before = (page - 1) * endpointsPerPage;
  const props: EndpointsProps = {
    ...{ listPath, text, state, nowMs },
    sentence: sentenceOf(counts),
    path: hrefOf({ state, page }),
    newPath: newPathOf(call),
    segments: segmentsOf(counts, state, (to) => hrefOf({ state: to })),
    clearHref: hrefOf({ text: null, state }),
    rows: endpoints.map((endpoint) => toEndpointRow(endpoint, listPath, nowMs)),
    shown: `${before + (endpoints.length > 0 ? 1 : 0)} to ${before + endpoints.length} of ${formatCount(total)}`,
    previousHref: page > 1 ? hrefOf({ state, page: page - 1 }) : null,
    nextHref: before + endpoints.length < total ? hrefOf({ state, page: page + 1 }) : null,
  };
  return {
    ...frame,
    live: true,
    body: () => Endpoints(props),
    parts: { 'endpoint-list': () => EndpointList(props) },
  };
}

function segmentsOf(
  counts: EndpointHealthPage['counts'],
  current: EndpointState | null,
  hrefOf: (state: EndpointState | null) => string,
): EndpointsProps['segments'] {
  const one = (label: string, state: EndpointState, tone?: 'bad') => ({
    ...{ label, href: hrefOf(state), current: state === current, count: counts[state] },
    ...(tone !== undefined && counts[state] > 0 ? { tone } : {}),
  });
  return [
    { label: 'All', href: hrefOf(null), current: current === null, count: totalOf(counts) },
    one('Breaker open', 'open', 'bad'),
    one('Failing', 'failing'),
    one('Paused', 'paused'),
    one('Disabled', 'disabled'),
    one('Healthy', 'healthy'),
  ];
}

function totalOf(counts: EndpointHealthPage['counts']): number {
  return endpointStates.reduce((total, state) => total + counts[state], 0);
}

/** "1 of 31 is stopped by its breaker, 2 are failing, 1 is disabled. 27 are healthy." */
function sentenceOf(counts: EndpointHealthPage['counts']): string {
  const total = totalOf(counts);
  const words = [
    [counts.open, 'stopped by its breaker', 'stopped by their breakers'],
    [counts.failing, 'failing', 'failing'],
    [counts.paused, 'paused', 'paused'],
    [counts.disabled, 'disabled', 'disabled'],
  ] as const;
  const [first, ...rest] = words.flatMap(([count, one, more]) =>
    count === 0 ? [] : [{ count, words: count === 1 ? `is ${one}` : `are ${more}` }],
  );
  const healthy = `${counts.healthy} ${counts.healthy === 1 ? 'is' : 'are'} healthy.`;
  if (first === undefined) {
    return total === 1 ? 'It takes what it is sent.' : `All ${total} take what they are sent.`;
  }
  const others = rest.map(({ count, words: word }) => `, ${count} ${word}`).join('');
  return `${first.count} of ${total} ${first.words}${others}. ${healthy}`;
}

/** @param listPath of the page that each of them has below it */
export function toEndpointRow(
  endpoint: EndpointHealth,
  listPath: string,
  nowMs: number,
): EndpointRow {
  const { id, url, state, eventTypes, successRatio, answerP95Ms, pending, lastAt } = endpoint;
  return {
    ...{ state, eventTypes, successRatio, pending, lastAt },
    name: endpointName(endpoint),
    href: `${listPath}/${id}`,
    url: shortUrl(url),
    reason: stateReason(endpoint, nowMs),
    beats: endpoint.hours.map(toBeat),
    successTone: toneOf(successRatio),
    p95Ms: answerP95Ms,
    isSlow: answerP95Ms !== null && answerP95Ms > slowMs,
    pendingMore: pending >= listedPendingMax,
  };
}

export function toneOf(successRatio: number | null): 'bad' | 'warn' | null {
  if (successRatio === null || successRatio >= lowRatio) return null;
  return successRatio < badRatio ? 'bad' : 'warn';
}

function toBeat({ at, attempts, attemptsFailed }: AttemptHour): Beat {
  const time = `${at.slice(5, 10)} ${at.slice(11, 16)} UTC`;
  const title = `${time}, ${formatCount(attemptsFailed)} of ${formatCount(attempts)} attempts failed`;
  if (attempts === 0) return { state: 'unknown', title: time };
  if (attemptsFailed === 0) return { state: 'up', title };
  return { state: attemptsFailed / attempts >= mostlyRatio ? 'down' : 'degraded', title };
}

/** /t/{tenant}/settings/usage: when do we hit a limit? */
import { Elysia } from 'elysia';
import { z } from 'zod';
import {
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatShort,
} from '../../../views/components/format.ts';
import { projectPath, tenantPath } from '../../../views/navigation.ts';
import {
  type ProjectUse,
  type QuotaView,
  UsagePage,
  type UsagePageProps,
} from '../../../views/usage.tsx';
import { type QuotaName, warnRatio } from '../../domain/quotas.ts';
import { csvLine } from '../../lib/csv.ts';
import type { Ctx } from '../../usecases/context.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import type { Project } from '../../usecases/projects/schemas.ts';
import { readUsage } from '../../usecases/usage/read-usage.ts';
import type { Usage } from '../../usecases/usage/schemas.ts';
import { createPages, type PageDeps, type TenantCall, type View } from './page.ts';
import { settingsCrumbs, settingsReader } from './settings.ts';

const ranges = ['30', '90'] as const;
const measures = ['events', 'deliveries', 'bytes'] as const;
type Measure = (typeof measures)[number];

const usageQuery = z.strictObject({
  days: z.enum(ranges).default('30'),
  show: z.enum(measures).default('events'),
});
type Asked = z.output<typeof usageQuery>;

const fileColumns = ['date', 'events', 'deliveries', 'attempts', 'bytes'] as const;

/** As many as readUsage answers. */
const projectsMax = 200;

const measureWords: Record<Measure, { tab: string; title: string; unit: string }> = {
  events: { tab: 'Events', title: 'Events accepted', unit: 'events' },
  deliveries: { tab: 'Deliveries', title: 'Deliveries ended', unit: 'deliveries' },
  bytes: { tab: 'Payloads', title: 'Payloads accepted', unit: 'bytes' },
};

const quotaWords: Record<QuotaName, { title: string; format(count: number): string }> = {
  eventsPerMonth: { title: 'Events this month', format: shortCount },
  storedBytes: { title: 'Stored payloads', format: formatBytes },
};

export function usagePages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/settings/usage' })
    .get('', ...tenant.view({ query: usageQuery }, (call) => usageView(call, call.query)))
    .get(
      '/export',
      ...tenant.answer({ query: usageQuery }, ({ ctx, query }) => usageFile(ctx, query)),
    );
}

/** A line for each day (UTC), oldest first. */
async function usageFile(ctx: Ctx, { days }: Asked): Promise<Response> {
  const usage = await readUsage(ctx, { days: Number(days) });
  const lines = usage.days.map((day) => csvLine(fileColumns.map((name) => String(day[name]))));
  return new Response(csvLine(fileColumns) + lines.join(''), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="usage.csv"',
    },
  });
}

async function usageView(call: TenantCall, asked: Asked): Promise<View> {
  const { ctx, tenant } = call;
  const [usage, projects] = await Promise.all([
    readUsage(ctx, { days: Number(asked.days) }),
    listProjects(ctx, { limit: projectsMax }),
  ]);
  const path = tenantPath(tenant, '/settings/usage');
  const hrefOf = (to: Partial<Asked>) => {
    const { days, show } = { ...asked, ...to };
    return `${path}?days=${days}&show=${show}`;
  };
  const { title, unit } = measureWords[asked.show];
  const props: UsagePageProps = {
    tabs: settingsReader(tenant),
    sentence: sentenceOf(usage),
    notice: noticeOf(usage.quotas),
    ranges: ranges.map((days) => ({
      ...{ label: `${days} d`, href: hrefOf({ days }), current: days === asked.days },
    })),
    measures: measures.map((show) => ({
      label: measureWords[show].tab,
      ...{ href: hrefOf({ show }), current: show === asked.show },
    })),
    chart: {
      ...{ title, unit, isBytes: asked.show === 'bytes' },
      points: usage.days.map((day) => ({ date: day.date, value: day[asked.show] })),
    },
    exportHref: `${path}/export?days=${asked.days}`,
    days: asked.days,
    projects: usage.projects.map((use) => toProject(call, use, usage.totals.events, projects.data)),
    totals: [
      { name: 'Events', value: formatCount(usage.totals.events) },
      { name: 'Deliveries', value: formatCount(usage.totals.deliveries) },
      { name: 'Attempts', value: formatCount(usage.totals.attempts) },
      { name: 'Payloads', value: formatBytes(usage.totals.bytes) },
    ],
    quotas: usage.quotas.map(toQuota),
    kept: [
      { name: 'Events and attempts', value: formatDuration(ctx.deps.eventsKeptMs) },
      { name: 'Usage by the day', value: '400 d' },
      { name: 'Audit log', value: '400 d' },
    ],
  };
  return {
    ...{ title: 'Usage', nav: 'settings', crumbs: settingsCrumbs(tenant) },
    body: () => UsagePage(props),
  };
}

function shortCount(count: number): string {
  const { value, unit } = formatShort(count);
  return unit === '' ? value : `${value} ${unit}`;
}

function toProject(
  { tenant }: TenantCall,
  use: Usage['projects'][number],
  eventsOfAll: number,
  projects: readonly Project[],
): ProjectUse {
  const project = projects.find(({ id }) => id === use.projectId);
  return {
    name: project?.name ?? 'a deleted project',
    href: project === undefined ? null : projectPath({ tenant, project }),
    events: shortCount(use.events),
    sharePercent: eventsOfAll === 0 ? 0 : Math.round((use.events / eventsOfAll) * 1_000) / 10,
    deliveries: shortCount(use.deliveries),
    attempts: shortCount(use.attempts),
    bytes: formatBytes(use.bytes),
  };
}

type Quota = Usage['quotas'][number];

const percentOf = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;

function toQuota({ name, limit, used, ratio, forecastAt }: Quota): QuotaView {
  const { title, format } = quotaWords[name];
  const isUsedUp = used >= limit;
  const when = forecastAt === null ? null : formatDate(forecastAt);
  const safe = name === 'storedBytes' ? 'not in sight at this pace' : 'enough for this month';
  return {
    title,
    used: format(used),
    limit: format(limit),
    ratio,
    tone: isUsedUp ? 'bad' : ratio >= warnRatio ? 'warn' : 'acc',
    forecast: isUsedUp ? 'used up' : when === null ? safe : `used up on about ${when}`,
    percent: percentOf(ratio),
  };
}

/** The first that will end, with its date. */
function sentenceOf({ quotas }: Usage): string {
  if (quotas.length === 0) return 'No quota is set: nothing is refused for its amount.';
  const usedUp = quotas.find(({ used, limit }) => used >= limit);
  if (usedUp !== undefined) {
    return `${quotaWords[usedUp.name].title}: the quota is used up, new events are refused.`;
  }
  const [first] = quotas
    .flatMap(({ name, forecastAt }) => (forecastAt === null ? [] : [{ name, forecastAt }]))
    .sort((a, b) => Date.parse(a.forecastAt) - Date.parse(b.forecastAt));
  if (first === undefined) return 'At this pace no quota will be used up.';
  const rest = quotas.length === 1 ? '' : ' Everything else is further off.';
  return `${quotaWords[first.name].title} reach the quota on about ${formatDate(first.forecastAt)}.${rest}`;
}

function noticeOf(quotas: readonly Quota[]): UsagePageProps['notice'] {
  const [worst] = quotas
    .filter(({ ratio }) => ratio >= warnRatio)
    .toSorted((a, b) => b.ratio - a.ratio);
  if (worst === undefined) return null;
  const { name, used, limit, ratio } = worst;
  const { title, format } = quotaWords[name];
  const remedy =
    name === 'storedBytes'
      ? 'Room comes back as old events go; who runs this opsforge can raise it.'
      : 'It begins anew on the first of the month; who runs this opsforge can raise it.';
  return {
    tone: used >= limit ? 'bad' : 'warn',
    title: `${title}: ${format(used)} of ${format(limit)}, ${percentOf(ratio)}`,
    text: `When it is used up, new events are answered with 429. ${remedy}`,
  };
}

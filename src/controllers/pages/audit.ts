/** /t/{tenant}/settings/audit: who changed it? The list, one entry opened, and the export. */
import { Elysia } from 'elysia';
import type { z } from 'zod';
import { AuditPage, type AuditPageProps, type AuditRow } from '../../../views/audit.tsx';
import { formatClock, formatDate, shortId } from '../../../views/components/format.ts';
import { projectPath, tenantPath } from '../../../views/navigation.ts';
import { auditActions, auditActorKinds, auditTargetKind } from '../../domain/audit-log.ts';
import type { AuditEntryId } from '../../domain/ids.ts';
import { listAuditEntries } from '../../usecases/audit/list-audit-entries.ts';
import { type AuditEntry, auditExportQuery, auditListQuery } from '../../usecases/audit/schemas.ts';
import type { SearchedPage } from '../../usecases/cursors.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import type { Project } from '../../usecases/projects/schemas.ts';
import { idInput } from '../../usecases/schemas.ts';
import { auditFile } from '../api/audit-file.ts';
import {
  actorKindName,
  actorKindWords,
  actorName,
  differenceOf,
  kindWords,
  verbOf,
} from './audit-words.ts';
import { createPages, type PageDeps, type TenantCall, type View } from './page.ts';
import { settingsCrumbs, settingsReader } from './settings.ts';
import {
  addressAt,
  fieldText,
  type ListAddress,
  readSpan,
  spanChips,
  spanFields,
  spanSegments,
  type TimeSpan,
} from './time-span.ts';

const entriesPerPage = 50;
/** The choices of a menu. */
const projectsMax = 200;

/** The filters are called as in the API, so that the export takes them as they are. */
const auditQuery = auditListQuery
  .pick({ projectId: true, action: true, actorKind: true, actorId: true, targetId: true })
  .extend({
    q: fieldText.pipe(auditListQuery.shape.q),
    ...spanFields,
    cursor: auditListQuery.shape.cursor,
    /** The one that is open. */
    entry: idInput<AuditEntryId>().optional(),
  })
  .strict();
type Asked = z.output<typeof auditQuery>;

export function auditPages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/settings/audit' })
    .get('', ...tenant.view({ query: auditQuery }, (call) => auditView(call, call.query)))
    .get(
      '/export',
      ...tenant.answer({ query: auditExportQuery }, ({ ctx, query }) => auditFile(ctx, query)),
    );
}

async function auditView(call: TenantCall, asked: Asked): Promise<View> {
  const { ctx, tenant, nowMs } = call;
  const { entry: open, cursor, ...filters } = asked;
  const list = addressAt(tenantPath(tenant, '/settings/audit'), filters);
  const { since: _since, until: _until, ...unbounded } = filters;
  const read = readSpan(asked, nowMs);
  const span = 'problem' in read ? null : read;
  const nothing: SearchedPage<AuditEntry> = { data: [], nextCursor: null };
  const query = { ...unbounded, since: span?.since, until: span?.until };
  const [page, projects] = await Promise.all([
    span === null
      ? nothing
      : listAuditEntries(ctx, { ...query, limit: entriesPerPage, ...(cursor && { cursor }) }),
    listProjects(ctx, { limit: projectsMax }),
  ]);
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const place = cursorOf(call.request);
  const props: AuditPageProps = {
    tabs: settingsReader(tenant),
    path: list.href(Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]))),
    problem: 'problem' in read ? read.problem : null,
    ...filterProps(list, asked, span, page.data, projects.data),
    exports: exportsOf(tenantPath(tenant, '/settings/audit/export'), query),
    rows: page.data.map((entry) =>
      toRow(entry, { call, list, place, open, projects: projects.data }),
    ),
    foot: footOf(page, list, place),
    isFiltered,
  };
  return {
    title: 'Audit log',
    nav: 'settings',
    crumbs: settingsCrumbs(tenant),
    body: () => AuditPage(props),
  };
}

/** As it stands in the address: the parsed one is an id. */
const cursorOf = (request: Request) => new URL(request.url).searchParams.get('cursor') ?? undefined;

function filterProps(
  list: ListAddress,
  asked: Asked,
  span: TimeSpan | null,
  entries: readonly AuditEntry[],
  projects: readonly Project[],
): Pick<AuditPageProps, 'q' | 'fields' | 'chips' | 'menus' | 'spans'> {
  const { q, action, actorKind, actorId, targetId, projectId } = asked;
  const chip = (name: string, key: string, value: string | undefined) =>
    value === undefined ? [] : [{ name, value, href: list.href({ [key]: undefined }) }];
  const menu = <Value extends string>(
    key: string,
    values: readonly Value[],
    current: string | undefined,
    label: (value: Value) => string,
  ) =>
    values.map((value) => ({
      ...{ label: label(value), href: list.href({ [key]: value }), current: value === current },
    }));
  const kinds = [...new Set(auditActions.map(auditTargetKind))].map((kind) => `${kind}.*`);
  const actor = entries.find(({ actor: { id } }) => id === actorId)?.actor;
  const target = entries.find(({ target: { id } }) => id === targetId)?.target;
  const named = (name: string | undefined, id: string | undefined) => name ?? (id && shortId(id));
  const project = projects.find(({ id }) => id === projectId)?.name;
  return {
    q: q ?? '',
    fields: list.filters,
    chips: [
      ...chip('Has', 'q', q),
      ...chip('By', 'actorKind', actorKind && actorKindWords[actorKind]),
      ...chip('Who', 'actorId', named(actor && actorName(actor), actorId)),
      ...chip('What', 'action', action && actionWords(action)),
      ...chip('Which', 'targetId', named(target?.label, targetId)),
      ...chip('Project', 'projectId', named(project, projectId)),
      ...spanChips(list, span ?? undefined),
    ],
    menus: [
      {
        name: 'Who',
        choices: menu('actorKind', auditActorKinds, actorKind, (kind) => actorKindWords[kind]),
      },
      { name: 'What', choices: menu('action', kinds, action, actionWords) },
      {
        name: 'Project',
        choices: menu(
          'projectId',
          projects.map(({ id }) => id),
          projectId,
          (wanted) => projects.find(({ id }) => id === wanted)?.name ?? '',
        ),
      },
    ],
    spans: spanSegments(list, asked.since),
  };
}

/** "endpoint" for all of a kind, "endpoint changed" for one action. */
function actionWords(action: string): string {
  const [kind = '', verb] = action.split('.');
  return verb === '*' ? kindWords(kind) : `${kindWords(kind)} ${verbOf(action)}`;
}

/** With the filters of the list; its times are the ones that it was read with. */
function exportsOf(path: string, query: Record<string, string | Date | undefined>) {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) wanted.set(name, value instanceof Date ? value.toISOString() : value);
  }
  const rest = wanted.size === 0 ? '' : `&${wanted}`;
  return { csv: `${path}?format=csv${rest}`, ndjson: `${path}?format=ndjson${rest}` };
}

function footOf(
  { data, nextCursor, searchedUntil }: SearchedPage<AuditEntry>,
  list: ListAddress,
  place: string | undefined,
): AuditPageProps['foot'] {
  const searched =
    searchedUntil === undefined
      ? ''
      : `. Searched back to ${formatDate(searchedUntil)}, ${formatClock(searchedUntil)}`;
  return {
    text: `${data.length} shown, newest first${searched}. Times in UTC.`,
    olderHref: nextCursor === null ? null : list.href({ cursor: nextCursor }),
    newestHref: place === undefined ? null : list.href({}),
  };
}

type RowContext = {
  call: TenantCall;
  list: ListAddress;
  place: string | undefined;
  open: AuditEntryId | undefined;
  projects: readonly Project[];
};

function toRow(entry: AuditEntry, context: RowContext): AuditRow {
  const { call, list, place, open } = context;
  const { id, at, actor, action, target } = entry;
  const isOpen = id === open;
  const isToday = at.slice(0, 10) === new Date(call.nowMs).toISOString().slice(0, 10);
  const [day] = formatDate(at).split(',');
  return {
    ...{ id, at, isOpen },
    when: isToday ? formatClock(at) : `${day} ${formatClock(at)}`,
    who: actorName(actor),
    did: verbOf(action),
    kind: kindWords(target.kind),
    label: target.label || shortId(target.id),
    from: entry.remoteAddress,
    href: list.href({ cursor: place, entry: isOpen ? undefined : id }),
    detail: isOpen ? detailOf(entry, context) : null,
  };
}

function detailOf(entry: AuditEntry, context: RowContext): NonNullable<AuditRow['detail']> {
  const { id, actor, target, projectId, requestId } = entry;
  const { list, projects } = context;
  const project = projects.find((known) => known.id === projectId);
  return {
    difference: differenceOf(entry),
    id,
    actor: actorKindName(actor.kind),
    action: entry.action,
    project: projectId === null ? null : (project?.name ?? 'a deleted project'),
    requestId,
    thingHref: thingHref(entry, context, project),
    sameTargetHref: list.href({ targetId: target.id }),
    sameActorHref: actor.id === null ? null : list.href({ actorId: actor.id }),
  };
}

/** Where the thing is shown, unless it is gone or has no page. */
function thingHref(
  { action, target }: AuditEntry,
  { call }: RowContext,
  project: Project | undefined,
): string | null {
  if (/\.(?:deleted|revoked|removed)$/.test(action)) return null;
  if (target.kind === 'api_key') return tenantPath(call.tenant, `/settings/keys/${target.id}`);
  if (project === undefined) return null;
  const place = { tenant: call.tenant, project };
  if (target.kind === 'project') return projectPath(place);
  const lists: Record<string, string> = { endpoint: '/endpoints', delivery: '/deliveries' };
  const path = lists[target.kind];
  return path === undefined ? null : projectPath(place, `${path}/${target.id}`);
}

/** The audit log: filters, who did what to which thing, and one entry opened below itself. */
import { CopyButton, LinkButton } from './components/button.tsx';
import { Diff, type DiffLine } from './components/code.tsx';
import type { Choice, SegmentItem } from './components/filters.tsx';
import { formatMoment, shortId } from './components/format.ts';
import { Icon } from './components/icon.tsx';
import { Callout, Empty, type Fact, Facts, PageHead } from './components/panel.tsx';
import { Pager, Table } from './components/table.tsx';
import { Id } from './components/text.tsx';
import { ListFilters } from './list-parts.tsx';
import { type SettingsReader, SettingsTabs } from './settings.tsx';

export type AuditRow = {
  id: string;
  at: string;
  isOpen: boolean;
  /** "14:31:02" of today, "Nov 20 14:31:02" of other days. */
  when: string;
  who: string;
  did: string;
  kind: string;
  label: string;
  /** Null for what no request did. */
  from: string | null;
  /** Opens it, or closes it again. */
  href: string;
  detail: AuditDetail | null;
};

type AuditDetail = {
  /** Null: what was done says it all. */
  difference: { title: string; lines: readonly DiffLine[]; cut: number } | null;
  id: string;
  actor: string;
  action: string;
  project: string | null;
  requestId: string | null;
  thingHref: string | null;
  sameTargetHref: string;
  sameActorHref: string | null;
};

export type AuditPageProps = {
  tabs: SettingsReader;
  path: string;
  /** What of the filters was not understood; nothing is listed then. */
  problem: string | null;
  q: string;
  fields: Readonly<Record<string, string | undefined>>;
  chips: readonly { name: string; value: string; href: string }[];
  menus: readonly { name: string; choices: readonly Choice[] }[];
  spans: readonly SegmentItem[];
  exports: { csv: string; ndjson: string };
  rows: readonly AuditRow[];
  foot: { text: string; olderHref: string | null; newestHref: string | null };
  isFiltered: boolean;
};

export function AuditPage(props: AuditPageProps) {
  const { rows, exports, problem } = props;
  return (
    <>
      <PageHead
        title="Audit log"
        sentence="Who changed what, kept for 400 days. Nobody can change or remove an entry, not even an owner."
        actions={
          <>
            <LinkButton label="Export CSV" icon="download" href={exports.csv} />
            <LinkButton label="Export NDJSON" icon="download" href={exports.ndjson} />
          </>
        }
      />
      <SettingsTabs {...props.tabs} current="audit" />
      <ListFilters
        {...props}
        label="Filter the audit log"
        search={{ placeholder: 'Name, action or request id', label: 'Search the audit log' }}
      />
      {problem === null ? null : (
        <Callout glyph="bad" tone="bad" title="The filter was not understood" alert>
          <span safe>{problem}</span>
        </Callout>
      )}
      <section class="card">
        {rows.length === 0 ? <NoEntries {...props} /> : <Entries rows={rows} />}
        <footer>
          <Pager {...props.foot} />
        </footer>
      </section>
    </>
  );
}

function NoEntries({ isFiltered, path }: AuditPageProps) {
  return (
    <Empty
      icon="scroll-text"
      title={isFiltered ? 'No entry matches here' : 'Nothing was changed yet'}
    >
      {isFiltered ? (
        <a class="link" href={path}>
          Clear the filters
        </a>
      ) : (
        'Each change by a person, a key or opsforge itself is written down.'
      )}
    </Empty>
  );
}

const columns = [
  { name: '', class: 'w-8' },
  { name: 'At' },
  { name: 'Who' },
  { name: 'Did' },
  { name: 'What' },
  { name: 'From' },
];

function Entries({ rows }: { rows: readonly AuditRow[] }) {
  return (
    <Table columns={columns} label="Audit log, newest first" compact>
      {rows.map((row) => (
        <Entry row={row} />
      ))}
    </Table>
  );
}

function Entry({ row }: { row: AuditRow }) {
  const { id, at, isOpen, when, who, did, kind, label, from, href, detail } = row;
  const anchored = `${href}#entry-${id}`;
  const what = `${isOpen ? 'Close' : 'Open'} the entry of ${when}`;
  return (
    <>
      <tr id={`entry-${id}`} aria-current={isOpen ? 'true' : undefined}>
        <td class="max-sm:hidden!">
          <a
            class="btn"
            data-variant="ghost"
            data-size="icon-xs"
            href={anchored}
            aria-label={what}
            title={what}
          >
            <Icon name={isOpen ? 'chevron-down' : 'chevron-right'} class="size-3.5" />
          </a>
        </td>
        <td class="num c-state">
          <time datetime={at} title={formatMoment(at)} safe>
            {when}
          </time>
        </td>
        <td class="c-main max-w-64 truncate font-medium">
          <a class="quiet-link" href={anchored} safe>
            {who}
          </a>
        </td>
        <td safe>{did}</td>
        <td class="w-full max-w-0 min-w-40 truncate" title={label}>
          <span class="text-muted-foreground" safe>
            {kind}
          </span>{' '}
          <span safe>{label}</span>
        </td>
        <td class="mono text-muted-foreground max-sm:hidden!" safe>
          {from ?? '–'}
        </td>
      </tr>
      {detail === null ? null : (
        <tr class="bg-subtle hover:bg-subtle!">
          <td class="max-sm:hidden!"></td>
          <td colspan="5" class="whitespace-normal! py-3! max-sm:col-span-2 max-sm:text-left!">
            <Detail detail={detail} />
          </td>
        </tr>
      )}
    </>
  );
}

function Detail({ detail }: { detail: AuditDetail }) {
  const { difference } = detail;
  return (
    <div class="grid gap-4 lg:grid-cols-[minmax(0,1fr)_18rem]">
      {difference === null ? (
        <p class="text-muted-foreground">This changed no setting: that it was done is all.</p>
      ) : (
        <div class="min-w-0">
          <div class="codebox bg-card!">
            <header>
              <span safe>{difference.title}</span>
              <span>secrets are masked</span>
            </header>
            <Diff lines={difference.lines} />
          </div>
          {difference.cut === 0 ? null : (
            <p class="note mt-1" safe>{`${difference.cut} more lines are in the export.`}</p>
          )}
        </div>
      )}
      <Facts facts={factsOf(detail)} />
    </div>
  );
}

function factsOf(detail: AuditDetail): Fact[] {
  const { id, requestId, project, thingHref, sameActorHref, sameTargetHref } = detail;
  const facts: (Fact | null)[] = [
    { name: 'Entry', value: <Id id={id} /> },
    {
      name: 'Action',
      value: (
        <span class="mono" safe>
          {detail.action}
        </span>
      ),
    },
    { name: 'By', value: <span safe>{detail.actor}</span> },
    project === null ? null : { name: 'Project', value: <span safe>{project}</span> },
    requestId === null ? null : { name: 'Request', value: <RequestId id={requestId} /> },
    thingHref === null
      ? null
      : {
          name: 'Shown at',
          value: (
            <a class="link" href={thingHref}>
              Its page
            </a>
          ),
        },
    { name: 'More of', value: <MoreOf {...{ sameActorHref, sameTargetHref }} /> },
  ];
  return facts.filter((fact) => fact !== null);
}

function RequestId({ id }: { id: string }) {
  return (
    <span class="inline-flex items-center gap-1">
      <span class="mono" title={id} safe>
        {shortId(id)}
      </span>
      <CopyButton text={id} what="request id" />
    </span>
  );
}

function MoreOf(props: { sameActorHref: string | null; sameTargetHref: string }) {
  return (
    <span class="flex flex-wrap gap-x-3">
      <a class="link" href={props.sameTargetHref}>
        this thing
      </a>
      {props.sameActorHref === null ? null : (
        <a class="link" href={props.sameActorHref}>
          this actor
        </a>
      )}
    </span>
  );
}

/** What happened to my webhook? Filters, the volume of the time, rows, and what to do with them. */
import { Button, LinkButton } from './components/button.tsx';
import { type Choice, type SegmentItem, type TabItem, Tabs } from './components/filters.tsx';
import { formatCount, shortId } from './components/format.ts';
import { Callout, Empty, PageHead } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { State } from './components/state.tsx';
import { Pager, Table } from './components/table.tsx';
import { Ago, Id } from './components/text.tsx';
import {
  AttemptCells,
  attemptColumns,
  type DeliveryRow,
  EndpointName,
  NextCell,
  nextColumn,
} from './delivery-parts.tsx';
import { ListFilters, type ListFiltersProps, Newer, type NewerProps } from './list-parts.tsx';
import { VolumeChart, type VolumeProps } from './volume.tsx';

export type DeliveriesProps = {
  path: string;
  /** The address of this very view, for its form. */
  ownPath: string;
  /** The same list as a file. */
  exportHref: string;
  tabs: readonly TabItem[];
  sentence: { ended: number; words: string; pending: number; failed: number };
  /** What of the filters was not understood; nothing is listed then. */
  problem: string | null;
  q: string;
  fields: ListFiltersProps['fields'];
  chips: ListFiltersProps['chips'];
  statuses: readonly Choice[];
  endpoints: readonly Choice[];
  spans: readonly SegmentItem[];
  volume: VolumeProps;
  /** Null on older pages. */
  newer: NewerProps | null;
  rows: RowsProps;
  foot: { text: string; olderHref: string | null; newestHref: string | null };
  empty: { title: string; clearHref: string | null };
  /** Null for who may not retry and cancel. */
  cancelPath: string | null;
};

export function Deliveries(props: DeliveriesProps) {
  const { rows, foot, problem } = props;
  const isEmpty = rows.rows.length === 0;
  return (
    <>
      <PageHead
        title="Deliveries"
        sentence={sentenceOf(props.sentence)}
        actions={<LinkButton label="Export CSV" icon="download" href={props.exportHref} />}
      />
      <Tabs items={props.tabs} />
      <ListFilters
        {...props}
        label="Filter deliveries"
        search={{ placeholder: 'Event type, or a whole id', label: 'Search deliveries' }}
        menus={[
          { name: 'Status', choices: props.statuses },
          { name: 'Endpoint', choices: props.endpoints },
        ]}
      />
      {problem === null ? null : (
        <Callout glyph="bad" tone="bad" title="The filter was not understood" alert>
          <span safe>{problem}</span>
        </Callout>
      )}
      <form method="post" action={props.ownPath} class="card">
        <div class="px-4 pt-3 pb-2" data-strip>
          <VolumeChart {...props.volume} height={12} />
        </div>
        {props.newer === null ? null : <Newer {...props.newer} />}
        {isEmpty ? (
          <Empty icon="send" title={props.empty.title}>
            {props.empty.clearHref === null ? (
              'A delivery is made for each endpoint that wants an event.'
            ) : (
              <a class="link" href={props.empty.clearHref}>
                Clear the filters
              </a>
            )}
          </Empty>
        ) : (
          <>
            <DeliveryRows {...rows} />
            {props.cancelPath === null ? null : <BulkBar cancelPath={props.cancelPath} />}
          </>
        )}
        <footer>
          <Pager {...foot} />
        </footer>
      </form>
    </>
  );
}

function sentenceOf({ ended, words, pending, failed }: DeliveriesProps['sentence']): string {
  const counts = [`${formatCount(pending)} waiting`, `${formatCount(failed)} failed`];
  return [`${formatCount(ended)} ended in ${words}`, ...counts].join(' · ');
}

/** Seen while a row is ticked: styles ask for that, so it works without script. */
function BulkBar({ cancelPath }: { cancelPath: string }) {
  return (
    <div class="bulk-bar">
      <span>With those ticked:</span>
      <Button label="Retry ticked" icon="rotate-cw" type="submit" shortcut="R" />
      <Button
        label="Cancel ticked…"
        icon="ban"
        type="submit"
        formaction={cancelPath}
        formmethod="get"
      />
    </div>
  );
}

export type RowsProps = {
  rows: readonly DeliveryRow[];
  /** Asks for these rows again, and for none that is newer. */
  path: string;
  nowMs: number;
  mayTick: boolean;
};

/** The part `rows`: states change in place, and no row comes or goes. */
export function DeliveryRows({ rows, path, nowMs, mayTick }: RowsProps) {
  return (
    <div id="rows" {...live(path, ['deliveries'], { hold: 'rows' })}>
      <Table
        compact
        label="Deliveries"
        columns={[
          ...(mayTick ? [{ name: '', class: 'w-8' }] : []),
          { name: 'State' },
          { name: 'Event' },
          { name: 'Endpoint' },
          ...attemptColumns,
          nextColumn,
          { name: 'Accepted', number: true },
          // Below 1440 px it would push the time out of sight; a delivery's page has it whole.
          { name: 'Delivery', class: 'max-[90rem]:hidden' },
        ]}
      >
        {rows.map((row) => (
          <Row row={row} nowMs={nowMs} mayTick={mayTick} />
        ))}
      </Table>
    </div>
  );
}

function Row({ row, nowMs, mayTick }: { row: DeliveryRow; nowMs: number; mayTick: boolean }) {
  return (
    <tr class={row.isNew ? 'is-new' : undefined}>
      {mayTick ? (
        <td class="max-sm:hidden!">
          <input
            type="checkbox"
            class="input"
            name="id"
            value={row.id}
            aria-label={`Tick delivery ${shortId(row.id)}`}
          />
        </td>
      ) : null}
      <td class="c-state">
        <State name={row.state} />
      </td>
      <td class="c-main font-medium">
        <a
          class="quiet-link sm:max-w-52 sm:truncate sm:block"
          href={row.href}
          title={row.eventType}
          safe
        >
          {row.eventType}
        </a>
      </td>
      <td>
        <EndpointName endpoint={row.endpoint} />
      </td>
      <AttemptCells row={row} />
      <NextCell row={row} nowMs={nowMs} />
      <td class="r">
        <Ago at={row.createdAt} nowMs={nowMs} />
      </td>
      <td class="max-[90rem]:hidden!">
        <Id id={row.id} />
      </td>
    </tr>
  );
}

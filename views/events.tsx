/** Did you get it? What was posted, newest first, and who got it. */
import { Button } from './components/button.tsx';
import { CodeBox, ShellLines } from './components/code.tsx';
import { ChipMenu, type SegmentItem } from './components/filters.tsx';
import { formatBytes, formatCount } from './components/format.ts';
import { Callout, Empty, PageHead } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { Glyph, type GlyphName } from './components/state.tsx';
import { Pager, Table } from './components/table.tsx';
import { Ago, Id } from './components/text.tsx';
import { None } from './delivery-parts.tsx';
import { ListFilters, Newer, type NewerProps } from './list-parts.tsx';
import { StepChart } from './volume.tsx';

export type EventRow = {
  id: string;
  href: string;
  type: string;
  deliveries: { pending: number; delivered: number; failed: number; cancelled: number };
  orderingKey: string | null;
  from: string | null;
  bytes: number | null;
  receivedAt: string;
  isNew: boolean;
};

export type EventStrip = {
  points: readonly { at: string; count: number; href: string }[];
  /** "Events per min in the last hour" */
  label: string;
  hasDays: boolean;
};

export type EventsProps = {
  path: string;
  sentence: string;
  strip: EventStrip | null;
  problem: string | null;
  fields: Readonly<Record<string, string | undefined>>;
  chips: readonly { name: string; value: string; href: string }[];
  spans: readonly SegmentItem[];
  /** Null on older pages. */
  newer: NewerProps | null;
  rows: EventRowsProps;
  foot: { text: string; olderHref: string | null; newestHref: string | null };
  empty: { title: string; clearHref: string | null; curl: string };
};

export function Events(props: EventsProps) {
  const { problem } = props;
  return (
    <>
      <PageHead title="Events" sentence={props.sentence} />
      <Filters {...props} />
      {problem === null ? null : (
        <Callout glyph="bad" tone="bad" title="The filter was not understood" alert>
          <span safe>{problem}</span>
        </Callout>
      )}
      <EventList {...props} />
    </>
  );
}

/**
 * The part `list`: newer rows come in on top, marked, while nobody is at the rows, and wait behind
 * a link else.
 */
export function EventList({ rows, foot, empty, newer, strip }: EventsProps) {
  const tail = newer === null ? {} : live(newer.path, ['events'], { hold: 'page' });
  return (
    <section class="card" id="list" {...tail}>
      {strip === null ? null : <Strip {...strip} />}
      {newer === null ? null : <Newer {...newer} />}
      {rows.rows.length === 0 ? <Nothing {...empty} /> : <EventRows {...rows} />}
      <footer>
        <Pager {...foot} />
      </footer>
    </section>
  );
}

function Strip({ points, label, hasDays }: EventStrip) {
  return (
    <div class="px-4 pt-3 pb-2" data-strip>
      <StepChart
        points={points}
        hasDays={hasDays}
        height={12}
        label={label}
        series={[{ paint: 'soft', values: points.map(({ count }) => count) }]}
        words={points.map(({ count }) => `${formatCount(count)} accepted`)}
      />
    </div>
  );
}

/** A type is typed: a project may have hundreds. */
function Filters(props: EventsProps) {
  const { type, ...fields } = props.fields;
  return (
    <ListFilters
      {...props}
      label="Filter events"
      search={{
        placeholder: 'Id, ordering key, label, or words',
        label:
          'Search events by id, ordering key, metadata, or words in payloads of the last 24 hours',
      }}
      q={fields.q ?? ''}
      fields={fields}
      menus={[]}
    >
      <ChipMenu name="Event type">
        <input
          class="input h-7 w-56 font-mono text-xs!"
          name="type"
          value={type}
          placeholder="invoice.*"
          aria-label="Event type"
          autocomplete="off"
          spellcheck="false"
        />
        <Button label="Apply" type="submit" />
      </ChipMenu>
    </ListFilters>
  );
}

function Nothing({ title, clearHref, curl }: EventsProps['empty']) {
  if (clearHref !== null) {
    return (
      <Empty icon="inbox" title={title}>
        <a class="link" href={clearHref}>
          Clear the filters
        </a>
      </Empty>
    );
  }
  return (
    <div class="flex flex-col items-center gap-4 p-4">
      <Empty icon="inbox" title={title}>
        Post the first one with a key of this project:
      </Empty>
      <div class="w-full max-w-[45rem]">
        <CodeBox title="Send an event" copies={curl} wrap>
          <ShellLines text={curl} />
        </CodeBox>
      </div>
    </div>
  );
}

export type EventRowsProps = {
  rows: readonly EventRow[];
  /** Asks for these rows again, and for none that is newer. */
  path: string;
  nowMs: number;
};

/** The part `rows`: counts change in place, and no row comes or goes. */
export function EventRows({ rows, path, nowMs }: EventRowsProps) {
  return (
    <div id="rows" {...live(path, ['deliveries'], { hold: 'rows' })}>
      <Table
        compact
        label="Events"
        columns={[
          { name: 'Event' },
          { name: 'Deliveries' },
          { name: 'Ordering key' },
          { name: 'From' },
          { name: 'Size', number: true },
          { name: 'Accepted', number: true },
          { name: 'Id' },
        ]}
      >
        {rows.map((row) => (
          <Row row={row} nowMs={nowMs} />
        ))}
      </Table>
    </div>
  );
}

function Row({ row, nowMs }: { row: EventRow; nowMs: number }) {
  return (
    <tr class={row.isNew ? 'is-new' : undefined}>
      <td class="c-main font-medium">
        <a class="quiet-link" href={row.href} safe>
          {row.type}
        </a>
      </td>
      <td class="c-state">
        <Counts counts={row.deliveries} />
      </td>
      <td class="mono max-w-64 truncate">
        {row.orderingKey === null ? <None /> : <span safe>{row.orderingKey}</span>}
      </td>
      <td class="text-muted-foreground max-sm:hidden!">
        {row.from === null ? <None /> : <span safe>{row.from}</span>}
      </td>
      <td class="r max-sm:hidden!">
        {row.bytes === null ? <None /> : <span safe>{formatBytes(row.bytes)}</span>}
      </td>
      <td class="r">
        <Ago at={row.receivedAt} nowMs={nowMs} />
      </td>
      <td class="max-sm:hidden!">
        <Id id={row.id} />
      </td>
    </tr>
  );
}

const countKinds: readonly { key: keyof EventRow['deliveries']; glyph: GlyphName }[] = [
  { key: 'delivered', glyph: 'ok' },
  { key: 'pending', glyph: 'pending' },
  { key: 'failed', glyph: 'bad' },
  { key: 'cancelled', glyph: 'cancel' },
];

function Counts({ counts }: { counts: EventRow['deliveries'] }) {
  const some = countKinds.filter(({ key }) => counts[key] > 0);
  if (some.length === 0) return <span class="text-muted-foreground">no endpoint wants it</span>;
  return (
    <span class="inline-flex items-center gap-3">
      {some.map(({ key, glyph }) => (
        <span class="st num" title={`${counts[key]} ${key}`}>
          <Glyph name={glyph} />
          {counts[key]}
          <span class="sr-only" safe>{` ${key}`}</span>
        </span>
      ))}
    </span>
  );
}

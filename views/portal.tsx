/** A customer's own page: its endpoints, the worst first, and what was sent to them. */
import { Heartbeat } from './components/bars.tsx';
import { Button, LinkButton } from './components/button.tsx';
import { type SegmentItem, Segments } from './components/filters.tsx';
import { formatPercent } from './components/format.ts';
import { Empty, PageHead, Panel } from './components/panel.tsx';
import { refreshPortal } from './components/refresh.ts';
import { State } from './components/state.tsx';
import { type Stat, Stats } from './components/stats.tsx';
import { Pager, Table } from './components/table.tsx';
import { Ago } from './components/text.tsx';
import { AttemptCells, type DeliveryRow } from './delivery-parts.tsx';
import { type EndpointRow, EventTypes } from './endpoints.tsx';

export type PortalProps = {
  /** Of the portal; `here` with what is asked for. */
  path: string;
  here: string;
  sentence: string;
  mayWrite: boolean;
  /** Empty where they would not be of all endpoints. */
  stats: readonly Stat[];
  endpoints: readonly EndpointRow[];
  total: number;
  previousHref: string | null;
  nextHref: string | null;
  segments: readonly SegmentItem[];
  rows: readonly DeliveryRow[];
  olderHref: string | null;
  newestHref: string | null;
  nowMs: number;
};

export function Portal(props: PortalProps) {
  const { sentence, path, mayWrite, segments, stats } = props;
  return (
    <>
      <PageHead
        title="Webhooks"
        sentence={sentence}
        actions={
          mayWrite ? (
            <LinkButton
              label="Add endpoint"
              icon="plus"
              variant="primary"
              href={`${path}/endpoints/new`}
            />
          ) : null
        }
      />
      {stats.length === 0 ? null : <Stats stats={stats} />}
      <OwnEndpoints {...props} />
      <Panel
        title="Deliveries"
        flush
        actions={<Segments label="State" items={segments} />}
        class="grow-0!"
      >
        <PortalDeliveryRows {...props} />
      </Panel>
    </>
  );
}

function OwnEndpoints({ endpoints, total, mayWrite, previousHref, nextHref }: PortalProps) {
  return (
    <Panel
      title="Your endpoints"
      flush
      class="grow-0!"
      actions={<span class="note num">{total}</span>}
      footer={
        previousHref === null && nextHref === null ? null : (
          <span class="ml-auto flex gap-2">
            {previousHref === null ? null : (
              <LinkButton label="Back" icon="chevron-left" href={previousHref} />
            )}
            {nextHref === null ? null : (
              <LinkButton label="More" icon="chevron-right" href={nextHref} />
            )}
          </span>
        )
      }
    >
      {endpoints.length === 0 ? (
        <Empty icon="webhook" title="No endpoint yet">
          {mayWrite
            ? 'An endpoint is an address of yours that takes webhooks.'
            : 'This link lets you look: ask who sent it to add one.'}
        </Empty>
      ) : (
        <Table
          columns={[
            { name: 'State' },
            { name: 'Endpoint' },
            { name: 'Listens to' },
            { name: 'Last 48 h' },
            { name: 'Success', number: true },
            ...(mayWrite ? [{ name: '' }] : []),
          ]}
        >
          {endpoints.map((endpoint) => (
            <OwnEndpoint endpoint={endpoint} mayWrite={mayWrite} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function OwnEndpoint({ endpoint, mayWrite }: { endpoint: EndpointRow; mayWrite: boolean }) {
  const { name, href, url, state, eventTypes, beats, successRatio } = endpoint;
  return (
    <tr>
      <td class="c-state">
        <State name={state} />
      </td>
      <td class="c-main w-full max-w-0">
        <a class="quiet-link cell-main max-w-none!" href={href} safe>
          {name}
        </a>
        <span class="cell-sub max-w-none! font-mono text-2xs!" title={url} safe>
          {url}
        </span>
      </td>
      <td class="max-sm:hidden!">
        <EventTypes types={eventTypes} />
      </td>
      <td>
        <Heartbeat beats={beats} what="hours" step={4} />
      </td>
      <td class="r" safe>
        {formatPercent(successRatio)}
      </td>
      {mayWrite ? (
        <td class="r max-sm:hidden!">
          {state === 'disabled' ? null : <RowDeed label="Send test" action={`${href}/test`} />}
        </td>
      ) : null}
    </tr>
  );
}

/** What a row offers; on a phone the page that it leads to does. */
function RowDeed({ label, action }: { label: string; action: string }) {
  return (
    <form method="post" action={action}>
      <Button label={label} type="submit" size="xs" />
    </form>
  );
}

/** Asked for again while it is open: the part of this name. */
export function PortalDeliveryRows(props: PortalProps) {
  const { rows, here, olderHref, newestHref, nowMs, mayWrite } = props;
  return (
    <div
      id="deliveries"
      hx-get={here}
      hx-trigger={refreshPortal}
      hx-target="this"
      hx-swap="outerMorph"
    >
      <DeliveryTable rows={rows} nowMs={nowMs} mayWrite={mayWrite} named />
      {olderHref === null && newestHref === null ? null : (
        <div class="flex items-center justify-between gap-3 border-t px-4 py-2 text-xs text-muted-foreground">
          <Pager
            text={`${rows.length} shown, newest first`}
            olderHref={olderHref}
            newestHref={newestHref}
          />
        </div>
      )}
    </div>
  );
}

/** An endpoint that is gone has no page. */
const wantsAgain = ({ state, endpoint }: DeliveryRow) =>
  endpoint.href !== null && (state === 'failed' || state === 'retrying');

/** `named`: of several endpoints. */
export function DeliveryTable(props: {
  rows: readonly DeliveryRow[];
  nowMs: number;
  mayWrite: boolean;
  named: boolean;
}) {
  const { rows, nowMs, named, mayWrite } = props;
  if (rows.length === 0) {
    return (
      <p class="border-t px-4 py-6 text-center text-muted-foreground">No delivery here yet.</p>
    );
  }
  const endpoint = named ? [{ name: 'Endpoint' }] : [];
  return (
    <Table
      compact
      label="Deliveries"
      columns={[
        { name: 'State' },
        { name: 'Event' },
        ...endpoint,
        { name: 'Attempts', number: true },
        { name: 'Your answer' },
        { name: 'Took', number: true },
        { name: 'Sent', number: true },
        ...(mayWrite ? [{ name: '' }] : []),
      ]}
    >
      {rows.map((row) => (
        <tr>
          <td class="c-state">
            <State name={row.state} />
          </td>
          <td class="c-main w-full max-w-0 truncate font-medium">
            <a class="quiet-link" href={row.href} safe>
              {row.eventType}
            </a>
          </td>
          {named ? (
            <td class="max-w-44 truncate" title={row.endpoint.url} safe>
              {row.endpoint.name}
            </td>
          ) : null}
          <AttemptCells row={row} />
          <td class="r text-muted-foreground">
            <Ago at={row.createdAt} nowMs={nowMs} />
          </td>
          {mayWrite ? (
            <td class="r max-sm:hidden!">
              {wantsAgain(row) ? <RowDeed label="Send now" action={`${row.href}/retry`} /> : null}
            </td>
          ) : null}
        </tr>
      ))}
    </Table>
  );
}

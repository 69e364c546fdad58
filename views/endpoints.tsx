/** A project's endpoints, the worst first, and the one field that makes the first of them. */
import type { EndpointState } from '../src/domain/endpoint-states.ts';
import { type Beat, Heartbeat } from './components/bars.tsx';
import { Button, LinkButton } from './components/button.tsx';
import {
  ActiveChip,
  FilterBar,
  SearchField,
  type SegmentItem,
  Segments,
} from './components/filters.tsx';
import { formatCount, formatDuration, formatPercent } from './components/format.ts';
import { Icon } from './components/icon.tsx';
import { Empty, PageHead } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { State } from './components/state.tsx';
import { Table } from './components/table.tsx';
import { Ago, Tag } from './components/text.tsx';

export type EndpointRow = {
  name: string;
  href: string;
  url: string;
  state: EndpointState;
  reason: string;
  eventTypes: readonly string[];
  beats: readonly Beat[];
  successRatio: number | null;
  successTone: 'bad' | 'warn' | null;
  p95Ms: number | null;
  isSlow: boolean;
  pending: number;
  /** It is more than could be counted. */
  pendingMore: boolean;
  lastAt: string | null;
};

export type EndpointsProps = {
  sentence: string;
  /** With the filters that are on. */
  path: string;
  listPath: string;
  /** Null for who may not make one. */
  newPath: string | null;
  text: string | null;
  state: EndpointState | null;
  segments: readonly SegmentItem[];
  clearHref: string;
  rows: readonly EndpointRow[];
  /** "1 to 25 of 31 shown" */
  shown: string;
  previousHref: string | null;
  nextHref: string | null;
  nowMs: number;
};

export function Endpoints(props: EndpointsProps) {
  const { sentence, newPath, listPath, text, state, segments, clearHref } = props;
  return (
    <>
      <PageHead
        title="Endpoints"
        sentence={sentence}
        actions={
          newPath === null ? null : (
            <LinkButton
              label="New endpoint"
              icon="plus"
              variant="primary"
              href={newPath}
              shortcut="N"
            />
          )
        }
      />
      <FilterBar label="Filter endpoints" action={listPath}>
        <SearchField
          label="Search endpoints"
          placeholder="Name, URL or event type"
          {...(text === null ? {} : { value: text })}
        />
        {state === null ? null : <input type="hidden" name="state" value={state} />}
        <Segments label="State" items={segments} />
        {text === null ? null : <ActiveChip name="Has" value={text} href={clearHref} />}
      </FilterBar>
      <EndpointList {...props} />
    </>
  );
}

const columns = [
  { name: 'State' },
  { name: 'Endpoint' },
  { name: 'Listens to' },
  { name: 'Last 48 h' },
  { name: 'Success, 24 h', number: true },
  { name: 'p95, 24 h', number: true },
  { name: 'Pending', number: true },
  { name: 'Last delivery', number: true },
];

/** What changes by itself: the fragment `endpoint-list`. */
export function EndpointList(props: EndpointsProps) {
  const { path, rows, shown, previousHref, nextHref, listPath, nowMs } = props;
  return (
    <section
      class="card"
      id="endpoint-list"
      {...live(path, ['figures', 'endpoints'], { hold: 'pointer' })}
    >
      {rows.length === 0 ? (
        <Empty icon="webhook" title="No endpoint matches">
          <a href={listPath}>Show all of them</a>
        </Empty>
      ) : (
        <Table columns={columns} label="Endpoints, worst first">
          {rows.map((row) => (
            <Row row={row} nowMs={nowMs} />
          ))}
        </Table>
      )}
      <footer>
        <span class="num" safe>
          {`${shown}. Bars: tall red is mostly failing, amber some, a stub nothing sent.`}
        </span>
        <span class="flex gap-2">
          {previousHref === null ? null : (
            <LinkButton label="Previous" icon="chevron-left" href={previousHref} />
          )}
          {nextHref === null ? null : (
            <LinkButton label="Next" icon="chevron-right" href={nextHref} />
          )}
        </span>
      </footer>
    </section>
  );
}

const successTones = { bad: 'font-medium text-bad', warn: 'font-medium text-warn' };
const beatWords = {
  up: 'all succeeded',
  degraded: 'failing in part',
  down: 'mostly failing',
  unknown: 'nothing sent',
};

function Row({ row, nowMs }: { row: EndpointRow; nowMs: number }) {
  const { name, url, state, reason, successTone } = row;
  const pending = row.pending === 0 ? '–' : formatCount(row.pending);
  return (
    <tr>
      <td class="c-state">
        <State name={state} />
        {reason === '' ? null : (
          <span class="block pl-5 text-xs text-muted-foreground max-sm:pl-0" safe>
            {reason}
          </span>
        )}
      </td>
      <td class="c-main w-full max-w-0">
        <a class="quiet-link cell-main max-w-none!" href={row.href} safe>
          {name}
        </a>
        {url === name ? null : (
          <span class="cell-sub max-w-none! font-mono text-2xs!" title={url} safe>
            {url}
          </span>
        )}
      </td>
      <td class="max-sm:hidden!">
        <EventTypes types={row.eventTypes} />
      </td>
      <td class="c-left">
        <Heartbeat beats={row.beats} what="hours" words={beatWords} step={3} />
      </td>
      <td class={['r', successTone && successTones[successTone]]} safe>
        {formatPercent(row.successRatio)}
      </td>
      <td class={['r max-sm:hidden!', row.isSlow && 'font-medium text-warn']} safe>
        {formatDuration(row.p95Ms)}
      </td>
      <td class="r max-sm:hidden!" safe>
        {row.pendingMore ? `${pending}+` : pending}
      </td>
      <td class="r whitespace-nowrap text-muted-foreground max-sm:hidden!">
        {row.lastAt === null ? '–' : <Ago at={row.lastAt} nowMs={nowMs} />}
      </td>
    </tr>
  );
}

/** So many fit; the rest is counted, and all of them are in the title. */
const typesShown = 2;

export function EventTypes({ types }: { types: readonly string[] }) {
  if (types.length === 0) return <span class="text-muted-foreground">every type</span>;
  const rest = types.length - typesShown;
  return (
    <span class="flex max-w-56 gap-1 overflow-hidden" title={types.join(' ')}>
      {types.slice(0, typesShown).map((type) => (
        <Tag word={type} />
      ))}
      {rest > 0 ? <Tag word={`+${rest}`} /> : null}
    </span>
  );
}

/** A project without endpoints. @param props.newPath null for who may not make one */
export function NoEndpoints({ newPath }: { newPath: string | null }) {
  return (
    <>
      <PageHead
        title="Endpoints"
        sentence="A URL that gets every matching event as a signed POST."
      />
      <section class="card">
        <Empty icon="webhook" title="No endpoint yet">
          {newPath === null
            ? 'Who may change this project can add one.'
            : 'Where should events go?'}
        </Empty>
        {newPath === null ? null : (
          <form
            method="post"
            action={newPath}
            class="mx-auto flex w-full max-w-xl flex-wrap gap-2 px-4 pb-8"
          >
            <div class="input-group h-8 min-w-0 flex-1 basis-72">
              <span data-align="start">
                <Icon name="globe" />
              </span>
              <input
                type="url"
                name="url"
                placeholder="https://example.com/webhooks"
                aria-label="URL of the endpoint"
                required
              />
            </div>
            <Button label="Add endpoint" type="submit" variant="primary" size="default" />
            <LinkButton label="All settings" size="default" href={newPath} shortcut="N" />
          </form>
        )}
      </section>
    </>
  );
}

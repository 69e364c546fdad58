/** Replays: how far, how long still? The running ones as panels, then all of them. */
import { Progress } from './components/bars.tsx';
import { LinkButton } from './components/button.tsx';
import type { Paint } from './components/chart.tsx';
import { FormDialog } from './components/dialog.tsx';
import { type TabItem, Tabs } from './components/filters.tsx';
import { formatCount, formatDuration, formatPercent } from './components/format.ts';
import { Empty, PageHead, Panel } from './components/panel.tsx';
import { live } from './components/refresh.ts';
import { Glyph, type GlyphName, Mark } from './components/state.tsx';
import { Pager, Table } from './components/table.tsx';
import { Ago } from './components/text.tsx';

export type ReplayState = 'counting' | 'running' | 'done' | 'part' | 'cancelled';

export type ReplayRow = {
  id: string;
  state: ReplayState;
  /** Of the endpoint, or "Every endpoint". */
  name: string;
  /** "invoice.*, failed" */
  what: string;
  /** "14:10 to 14:30 UTC" */
  span: string;
  matched: number;
  delivered: number;
  failed: number;
  createdAt: string;
  deliveriesHref: string;
  cancelHref: string;
};

export type RunningReplay = ReplayRow & {
  toGo: number;
  /** Ended ones a second in the last minute; null when it is too young to tell. */
  perSecond: number | null;
  ratePerSecond: number | null;
  /** At that rate; null when nothing tells. */
  leftMs: number | null;
};

export type ReplaysProps = {
  sentence: string;
  path: string;
  tabs: readonly TabItem[];
  /** Null for who may not start one. */
  newHref: string | null;
  running: readonly RunningReplay[];
  rows: readonly ReplayRow[];
  shown: string;
  olderHref: string | null;
  newestHref: string | null;
  nowMs: number;
};

export function Replays(props: ReplaysProps) {
  const { sentence, tabs, newHref, running } = props;
  return (
    <>
      <PageHead
        title="Replays"
        sentence={sentence}
        actions={
          newHref === null ? null : (
            <LinkButton
              label="New replay"
              icon="history"
              variant="primary"
              href={newHref}
              shortcut="N"
            />
          )
        }
      />
      <Tabs items={tabs} />
      <ReplayList {...props} />
      {newHref === null ? null : running.map((replay) => <CancelDialog replay={replay} />)}
    </>
  );
}

/**
 * What changes by itself: the fragment `replay-list`. A replay's progress is that of its
 * deliveries, so theirs are news for it while one runs.
 */
export function ReplayList(props: ReplaysProps) {
  const { path, running, newHref, rows } = props;
  return (
    <div
      id="replay-list"
      class="flex flex-col gap-5"
      {...live(path, running.length === 0 ? ['replays'] : ['replays', 'deliveries'])}
    >
      {running.length === 0 ? null : (
        <div class="grid gap-5 xl:grid-cols-2">
          {running.map((replay) => (
            <Running replay={replay} mayCancel={newHref !== null} nowMs={props.nowMs} />
          ))}
        </div>
      )}
      {rows.length === 0 ? (
        <Empty icon="history" title="Nothing was replayed yet" framed>
          A replay sends deliveries again, or for the first time: those of an endpoint, a time, a
          state. It is counted before it starts.
        </Empty>
      ) : (
        <All {...props} />
      )}
    </div>
  );
}

const dialogId = ({ id }: ReplayRow) => `cancel-${id}`;

function Running(props: { replay: RunningReplay; mayCancel: boolean; nowMs: number }) {
  const { replay, mayCancel, nowMs } = props;
  const { name, what, span, matched, delivered, failed, toGo, state } = replay;
  const ended = delivered + failed;
  return (
    <Panel
      title={name}
      actions={
        mayCancel ? (
          <LinkButton
            label="Cancel replay…"
            icon="ban"
            size="xs"
            href={replay.cancelHref}
            open={dialogId(replay)}
          />
        ) : null
      }
    >
      <div class="flex flex-col gap-3">
        <p class="truncate text-muted-foreground">
          <span safe>{`${what}, ${span} · started `}</span>
          <Ago at={replay.createdAt} nowMs={nowMs} />
        </p>
        <div class="flex items-baseline justify-between gap-3">
          <span class="num text-xl leading-7 font-semibold tracking-tight">
            <span safe>{formatCount(ended)}</span>{' '}
            <small class="text-xs font-normal tracking-normal text-muted-foreground" safe>
              {state === 'counting'
                ? `of ${formatCount(matched)} so far`
                : `of ${formatCount(matched)}, ${formatPercent(matched === 0 ? null : ended / matched, 1)}`}
            </small>
          </span>
          <span class="num" safe>
            {replay.leftMs === null ? '' : `done in ${formatDuration(replay.leftMs)}`}
          </span>
        </div>
        <Bar replay={replay} />
        <div class="num flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted-foreground">
          <Part glyph="ok" text={`${formatCount(delivered)} delivered`} />
          {failed === 0 ? null : <Part glyph="bad" text={`${formatCount(failed)} given up`} />}
          <Part glyph="pending" text={`${formatCount(toGo)} to go`} />
          <span class="ml-auto" safe>
            {rateWords(replay)}
          </span>
        </div>
      </div>
    </Panel>
  );
}

/** "19.8 a second, limit 20"; what ended in the last minute. */
function rateWords({ state, perSecond, ratePerSecond }: RunningReplay): string {
  const limit = ratePerSecond === null ? 'no limit' : `limit ${formatCount(ratePerSecond)}`;
  if (perSecond === null || state === 'counting') return limit;
  if (perSecond === 0) return `none ended lately, ${limit}`;
  return `${formatPace(perSecond)} a second, ${limit}`;
}

/** Deliveries a second: 19.8, or 1 204. */
export function formatPace(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : formatCount(perSecond);
}

function Part({ glyph, text }: { glyph: GlyphName; text: string }) {
  return (
    <span class="inline-flex items-center gap-1.5">
      <Glyph name={glyph} />
      <span safe>{text}</span>
    </span>
  );
}

const paints: Record<ReplayState, Paint> = {
  counting: 'acc',
  running: 'acc',
  done: 'ok',
  part: 'ok',
  cancelled: 'idle',
};

function Bar({ replay }: { replay: ReplayRow }) {
  const { state, matched, delivered, failed } = replay;
  return (
    <Progress
      parts={[
        { paint: paints[state], value: delivered },
        { paint: 'bad', value: failed },
      ]}
      total={matched}
      label={`${formatCount(delivered)} delivered, ${formatCount(failed)} given up of ${formatCount(matched)}`}
    />
  );
}

const columns = [
  { name: 'State' },
  { name: 'Endpoint and filter' },
  { name: 'Events of' },
  { name: 'Progress', class: 'w-40' },
  { name: 'Delivered', number: true },
  { name: 'Failed', number: true },
  { name: 'Matched', number: true },
  { name: 'Started', number: true },
  { name: 'Sent', number: true },
];

const marks: Record<ReplayState, { glyph: GlyphName; word: string }> = {
  counting: { glyph: 'running', word: 'Starting' },
  running: { glyph: 'running', word: 'Running' },
  done: { glyph: 'ok', word: 'Done' },
  part: { glyph: 'warn', word: 'Done in part' },
  cancelled: { glyph: 'cancel', word: 'Cancelled' },
};

function All({ rows, shown, olderHref, newestHref, nowMs }: ReplaysProps) {
  return (
    <Panel
      title="All replays"
      flush
      footer={<Pager text={shown} olderHref={olderHref} newestHref={newestHref} />}
    >
      <Table columns={columns}>
        {rows.map((row) => (
          <Row row={row} nowMs={nowMs} />
        ))}
      </Table>
    </Panel>
  );
}

function Row({ row, nowMs }: { row: ReplayRow; nowMs: number }) {
  const { name, what, failed } = row;
  const mark = marks[row.state];
  return (
    <tr>
      <td class="c-state">
        <Mark glyph={mark.glyph}>
          <span safe>{mark.word}</span>
        </Mark>
      </td>
      <td class="c-main w-full max-w-0">
        <a class="quiet-link cell-main max-w-none!" href={row.deliveriesHref} safe>
          {name}
        </a>
        <span class="cell-sub max-w-none!" title={what} safe>
          {what}
        </span>
      </td>
      <td class="num whitespace-nowrap max-sm:hidden!" safe>
        {row.span}
      </td>
      <td class="min-w-32">
        <Bar replay={row} />
      </td>
      <td class="r" safe>
        {formatCount(row.delivered)}
      </td>
      <td class={['r max-sm:hidden!', failed > 0 && 'font-medium text-bad']} safe>
        {failed === 0 ? '–' : formatCount(failed)}
      </td>
      <td class="r max-sm:hidden!" safe>
        {formatCount(row.matched)}
      </td>
      <td class="r whitespace-nowrap text-muted-foreground max-sm:hidden!">
        <Ago at={row.createdAt} nowMs={nowMs} />
      </td>
      <td class="r max-sm:hidden!">
        <a class="link text-xs" href={row.deliveriesHref}>
          Deliveries
        </a>
      </td>
    </tr>
  );
}

export function cancelWords({ name, toGo }: Pick<RunningReplay, 'name' | 'toGo'>) {
  const count = `${formatCount(toGo)} ${toGo === 1 ? 'delivery' : 'deliveries'}`;
  return {
    title: `Cancel the replay to ${name}`,
    text: `${count} are not sent, or not tried again. What it has delivered stays delivered.`,
    submit: `Cancel ${count}`,
  };
}

function CancelDialog({ replay }: { replay: RunningReplay }) {
  return (
    <FormDialog
      id={dialogId(replay)}
      action={replay.cancelHref}
      variant="destructive"
      {...cancelWords(replay)}
    />
  );
}

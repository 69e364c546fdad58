/** Sources: the list, the one that is chosen with its address and what it becomes, the kinds. */

import { Button, CopyButton, LinkButton } from './components/button.tsx';
import { FormDialog } from './components/dialog.tsx';
import { formatCount } from './components/format.ts';
import { Icon } from './components/icon.tsx';
import { Callout, Facts, PageHead, Panel } from './components/panel.tsx';
import { NewSecret, Secret } from './components/secret.tsx';
import { State } from './components/state.tsx';
import { type Stat, Stats } from './components/stats.tsx';
import { Table } from './components/table.tsx';
import { Ago, Id, Until } from './components/text.tsx';
import { type RequestsProps, SourceRequests } from './source-requests.tsx';

export type KindLink = { label: string; href: string };

export type SourceRow = {
  name: string;
  kind: string;
  href: string;
  isChosen: boolean;
  state: RequestsProps['state'];
  /** In 24 h. */
  accepted: number;
  refused: number;
};

export type ChosenSource = {
  name: string;
  kind: string;
  href: string;
  url: string;
  /** "at GitHub under …": where the sender wants the address. */
  paste: string;
  secretHelp: string;
  signature: string;
  type: string;
  typeExample: string;
  repeat: string | null;
  sourceId: string;
  createdAt: string;
  updatedAt: string;
  /** Null for who may only look. */
  actions:
    | {
        [Name in 'edit' | 'secret' | 'end' | 'pause' | 'resume' | 'delete']: string;
      }
    | null;
  /** When those end that a change of the secret left valid. */
  previousEnds: readonly string[];
  /** Made just now. */
  newSecret: string | null;
  state: RequestsProps['state'];
  stats: readonly Stat[];
} & Pick<RequestsProps, 'reasons' | 'hours'>;

export type SourcesProps = {
  sentence: string;
  rows: readonly SourceRow[];
  /** There are more than are listed. */
  more: boolean;
  chosen: ChosenSource | null;
  /** Empty for who may not make one. */
  kinds: readonly KindLink[];
  newHref: string | null;
  nowMs: number;
};

export function Sources(props: SourcesProps) {
  const { rows, chosen, kinds, newHref, nowMs, sentence } = props;
  if (chosen === null) {
    return (
      <>
        <PageHead title="Sources" sentence={sentence} />
        {kinds.length === 0 ? (
          <p class="text-muted-foreground">There is none yet, and your role may not make one.</p>
        ) : (
          <KindPanel title="Who sends?" kinds={kinds} wide />
        )}
      </>
    );
  }
  return (
    <>
      <PageHead
        title="Sources"
        sentence={sentence}
        actions={
          newHref === null ? null : (
            <LinkButton
              label="New source"
              icon="plus"
              variant="primary"
              href={newHref}
              shortcut="N"
            />
          )
        }
      />
      {chosen.newSecret === null ? null : (
        <NewSecret
          title={`The secret of ${chosen.name} is shown this once`}
          text={chosen.newSecret}
          what="secret"
          doneHref={chosen.href}
        />
      )}
      <div class="split xl:grid-cols-[25rem_minmax(0,1fr)]">
        <div class="main-col">
          <SourceList rows={rows} more={props.more} />
          {kinds.length === 0 ? null : <KindPanel title="Add a source" kinds={kinds} />}
        </div>
        <div class="main-col">
          <SetUp chosen={chosen} nowMs={nowMs} />
          {chosen.state === 'paused' ? (
            <Callout glyph="paused" title="It is paused">
              What it sends is answered with 503 and not stored. Some senders try again later.
            </Callout>
          ) : null}
          <SourceRequests {...chosen} />
          <Becomes chosen={chosen} nowMs={nowMs} />
        </div>
      </div>
    </>
  );
}

function SourceList({ rows, more }: Pick<SourcesProps, 'rows' | 'more'>) {
  const title = `${rows.length} source${rows.length === 1 ? '' : 's'}`;
  return (
    <Panel title={more ? `The newest ${title}` : title} flush class="grow-0!">
      <Table
        columns={[
          { name: 'State' },
          { name: 'Source' },
          { name: '24 h', number: true },
          { name: 'Rejected', number: true },
        ]}
      >
        {rows.map(({ name, kind, href, isChosen, state, accepted, refused }) => (
          <tr aria-current={isChosen ? 'true' : undefined}>
            <td class="c-state">
              {state === 'unknown' ? <State name="unknown" word="Quiet" /> : <State name={state} />}
            </td>
            <td class="c-main w-full max-w-0">
              <a class="quiet-link cell-main max-w-none!" href={href} safe>
                {name}
              </a>
              <span class="cell-sub" safe>
                {kind}
              </span>
            </td>
            <td class="r" data-label="24 h" safe>
              {formatCount(accepted)}
            </td>
            <td class={['r', state === 'failing' && 'text-bad']} data-label="Rejected" safe>
              {refused === 0 ? '–' : formatCount(refused)}
            </td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function KindPanel(props: { title: string; kinds: readonly KindLink[]; wide?: boolean }) {
  const { title, kinds, wide = false } = props;
  return (
    <Panel title={title} class={wide ? 'w-full max-w-3xl' : ''}>
      <ul class={['grid grid-cols-2 gap-2.5', wide && 'sm:grid-cols-3']}>
        {kinds.map(({ label, href }) => (
          <li>
            <a
              class="flex h-11 items-center justify-between rounded-md border px-3 hover:bg-subtle"
              href={href}
            >
              <span class="truncate" safe>
                {label}
              </span>
              <Icon name="plus" class="size-3.5 text-muted-foreground" />
            </a>
          </li>
        ))}
      </ul>
      <p class="note mt-3">
        Each verifies its own signature, answers challenges, and drops repeats by the sender’s
        delivery id. Any other sender that signs the body is a generic HMAC.
      </p>
    </Panel>
  );
}

/** The page that a new source begins on. */
export function SourceKinds({ kinds }: { kinds: readonly KindLink[] }) {
  return (
    <>
      <PageHead
        title="New source"
        sentence="Its webhooks become events, once their signature holds."
      />
      <KindPanel title="Who sends?" kinds={kinds} wide />
    </>
  );
}

function SetUp({ chosen, nowMs }: { chosen: ChosenSource; nowMs: number }) {
  const { name, kind, url, paste, secretHelp, actions, state } = chosen;
  const isPaused = state === 'paused';
  const title = name === kind ? name : `${kind}, ${name}`;
  return (
    <Panel
      title={title}
      class="grow-0!"
      actions={
        actions === null ? null : (
          <>
            <form method="post" action={isPaused ? actions.resume : actions.pause}>
              <Button
                label={isPaused ? 'Resume' : 'Pause'}
                icon={isPaused ? 'play' : 'circle-pause'}
                type="submit"
              />
            </form>
            <LinkButton label="Edit" icon="pencil" href={actions.edit} shortcut="E" />
            <LinkButton
              label="Delete…"
              icon="trash-2"
              variant="destructive"
              href={actions.delete}
            />
          </>
        )
      }
    >
      <div class="grid gap-4 lg:grid-cols-2">
        <div class="field min-w-0">
          <span class="font-medium">Payload URL</span>
          <Secret text={url} masked={false} what="payload URL" />
          <p safe>{`Paste it ${paste}`}</p>
        </div>
        <div class="field min-w-0">
          <span class="flex items-baseline justify-between font-medium">
            Secret
            {actions === null ? null : (
              <a class="link text-xs font-normal" href={actions.secret}>
                Change…
              </a>
            )}
          </span>
          <Secret text="••••••••••••••••" masked what="secret" />
          <p safe>{secretHelp}</p>
          <Previous chosen={chosen} nowMs={nowMs} />
        </div>
      </div>
      <div class="mt-4">
        <Stats stats={chosen.stats} />
      </div>
    </Panel>
  );
}

/** Of an overlap: until when, and the way to end it before. */
function Previous({ chosen, nowMs }: { chosen: ChosenSource; nowMs: number }) {
  const { previousEnds, actions } = chosen;
  const last = previousEnds.toSorted().at(-1);
  if (last === undefined) return null;
  const count = previousEnds.length;
  return (
    <>
      <p class="num">
        <span safe>{count === 1 ? 'The previous one' : `${count} previous ones`}</span> still{' '}
        {count === 1 ? 'counts' : 'count'}, until <Until at={last} nowMs={nowMs} />
        {actions === null ? null : (
          <>
            {' · '}
            <a class="link" href={actions.end} data-open="end-previous">
              End now
            </a>
          </>
        )}
      </p>
      {actions === null ? null : (
        <FormDialog
          id="end-previous"
          action={actions.end}
          variant="destructive"
          {...endingOf(count)}
        />
      )}
    </>
  );
}

/** @param count of the secrets that are still taken beside the current one */
export function endingOf(count: number) {
  const those = count === 1 ? 'the previous secret' : `${count} previous secrets`;
  return {
    title: `End ${those} now`,
    text: 'From now on the current one is taken alone. A sender that still signs with another is answered with 401, and what it sends is not stored.',
    submit: `End ${those}`,
  };
}

function Becomes({ chosen, nowMs }: { chosen: ChosenSource; nowMs: number }) {
  const { type, typeExample, signature, repeat, sourceId, createdAt, updatedAt } = chosen;
  return (
    <Panel title="How it becomes an event">
      <Facts
        facts={[
          {
            name: 'Verified by',
            value: (
              <span class="mono" safe>
                {signature}
              </span>
            ),
          },
          {
            name: 'Event type',
            value: (
              <>
                <span class="mono" safe>
                  {type}
                </span>{' '}
                <span class="text-muted-foreground" safe>
                  {type === typeExample ? '' : `as in ${typeExample}`}
                </span>
              </>
            ),
          },
          {
            name: 'A repeat',
            value:
              repeat === null ? (
                'Each message is an event of its own'
              ) : (
                <>
                  <span class="mono" safe>
                    {repeat}
                  </span>{' '}
                  <span class="text-muted-foreground">makes no second event for 24 h</span>
                </>
              ),
          },
          { name: 'Payload', value: 'The JSON as it came, byte for byte' },
          {
            name: 'Found by',
            value: (
              <span class="inline-flex items-center gap-1">
                <span class="text-muted-foreground">metadata</span>{' '}
                <span class="mono">source-id</span> <Id id={sourceId} />
                <CopyButton text={sourceId} what="source id" />
              </span>
            ),
          },
          { name: 'Made', value: <Ago at={createdAt} nowMs={nowMs} /> },
          { name: 'Changed', value: <Ago at={updatedAt} nowMs={nowMs} /> },
        ]}
      />
      <p class="note mt-4">
        A message whose signature does not hold is answered with 401 and not stored; one over 256
        KiB with 413.
      </p>
    </Panel>
  );
}

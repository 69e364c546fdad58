/** API keys: the new one once, the list, and the question before one is revoked. */
import { LinkButton } from './components/button.tsx';
import { CodeBox, ShellLines } from './components/code.tsx';
import { FormDialog, FormPage } from './components/dialog.tsx';
import { Empty, PageHead } from './components/panel.tsx';
import { NewSecret } from './components/secret.tsx';
import { type GlyphName, Mark } from './components/state.tsx';
import { Pager, Table } from './components/table.tsx';
import { Ago } from './components/text.tsx';
import { type SettingsReader, SettingsTabs } from './settings.tsx';

type Revocation = { id: string; href: string; title: string; text: string; submit: string };

export type KeyRow = {
  name: string;
  /** Null for who may not change it. */
  href: string | null;
  hint: string;
  createdAt: string;
  project: string;
  scopes: readonly string[];
  moreScopes: number;
  allScopes: string;
  rateLimit: string | null;
  ends: string;
  endsSoon: boolean;
  lastUsedAt: string | null;
  glyph: GlyphName;
  state: string;
  isNew: boolean;
  revocation: Revocation | null;
};

export type KeysProps = {
  tabs: SettingsReader;
  sentence: string;
  newHref: string | null;
  /** Shown this once. */
  made: { name: string; text: string; command: string | null; doneHref: string } | null;
  rows: readonly KeyRow[];
  shown: string;
  olderHref: string | null;
  newestHref: string | null;
  nowMs: number;
};

const columns = [
  { name: 'State' },
  { name: 'Key' },
  { name: 'Project' },
  { name: 'May' },
  { name: 'Rate limit', number: true },
  { name: 'Ends' },
  { name: 'Last used', number: true },
  { name: '' },
];

export function KeysPage(props: KeysProps) {
  const { rows, made, newHref, olderHref, newestHref, nowMs } = props;
  return (
    <>
      <PageHead
        title="API keys"
        sentence={props.sentence}
        actions={
          newHref === null ? null : (
            <LinkButton label="New key" icon="plus" variant="primary" href={newHref} shortcut="N" />
          )
        }
      />
      <SettingsTabs {...props.tabs} current="keys" />
      {made === null ? null : <MadeKey {...made} />}
      {rows.length === 0 ? (
        <NoKeys newHref={newHref} />
      ) : (
        <section class="card">
          <Table columns={columns} label="API keys">
            {rows.map((row) => (
              <Row row={row} nowMs={nowMs} />
            ))}
          </Table>
          <footer>
            <Pager
              text={`${props.shown} The last 4 characters are kept to tell keys apart.`}
              olderHref={olderHref}
              newestHref={newestHref}
            />
          </footer>
        </section>
      )}
      {rows.map(({ revocation }) => (
        <RevokeDialog revocation={revocation} />
      ))}
    </>
  );
}

function MadeKey({ name, text, command, doneHref }: NonNullable<KeysProps['made']>) {
  return (
    <NewSecret
      title={`Copy the key “${name}” now. It is shown this once and kept only as a hash`}
      text={text}
      what="key"
      doneHref={doneHref}
    >
      {command === null ? null : (
        <div class="max-w-3xl">
          <CodeBox title="Command" copies={command}>
            <ShellLines text={command} />
          </CodeBox>
        </div>
      )}
    </NewSecret>
  );
}

function NoKeys({ newHref }: { newHref: string | null }) {
  return (
    <Empty icon="key-round" title="No API keys yet" framed>
      A key lets an application post events and use the API, as far as its scopes go.{' '}
      {newHref === null ? (
        'Who may change keys can make one.'
      ) : (
        <a class="link" href={newHref}>
          Make the first one
        </a>
      )}
    </Empty>
  );
}

function Row({ row, nowMs }: { row: KeyRow; nowMs: number }) {
  const { href, name, revocation } = row;
  return (
    <tr class={row.isNew ? 'is-new' : undefined}>
      <td class="c-state">
        <Mark glyph={row.glyph}>
          <span safe>{row.state}</span>
        </Mark>
      </td>
      <td class="c-main w-full max-w-0 min-w-44">
        {href === null ? (
          <span class="cell-main max-w-none!" safe>
            {name}
          </span>
        ) : (
          <a class="quiet-link cell-main max-w-none!" href={href} safe>
            {name}
          </a>
        )}
        <span class="cell-sub max-w-none!">
          <span class="font-mono text-2xs" safe>
            {row.hint}
          </span>{' '}
          · made <Ago at={row.createdAt} nowMs={nowMs} />
        </span>
      </td>
      <td class="max-sm:hidden!" safe>
        {row.project}
      </td>
      <td class="sm:min-w-64">
        <ScopeTags row={row} />
      </td>
      <td class="r text-muted-foreground max-sm:hidden!" safe>
        {row.rateLimit ?? '–'}
      </td>
      <td
        data-label="Ends"
        class={['num', row.endsSoon ? 'font-medium text-warn' : 'text-muted-foreground']}
        safe
      >
        {row.ends}
      </td>
      <td class="r text-muted-foreground" data-label="Used">
        {row.lastUsedAt === null ? 'never' : <Ago at={row.lastUsedAt} nowMs={nowMs} />}
      </td>
      <td class="r">
        {revocation === null ? null : (
          <LinkButton label="Revoke…" size="xs" href={revocation.href} open={revocation.id} />
        )}
      </td>
    </tr>
  );
}

function ScopeTags({ row }: { row: KeyRow }) {
  return (
    <span class="flex flex-wrap gap-1" title={row.allScopes}>
      {row.scopes.map((word) => (
        <span class="tag font-sans! text-xs!" safe>
          {word}
        </span>
      ))}
      {row.moreScopes === 0 ? null : (
        <span class="tag font-sans! text-xs!" safe>
          {`${row.moreScopes} more`}
        </span>
      )}
    </span>
  );
}

function RevokeDialog({ revocation }: { revocation: Revocation | null }) {
  if (revocation === null) return null;
  return <FormDialog {...revocation} action={revocation.href} variant="destructive" />;
}

/** The dialog's page, for who has no script. */
export function RevokeKey(props: Revocation & { cancelHref: string }) {
  const { title, text, href, submit, cancelHref } = props;
  return <FormPage {...{ title, text, submit, cancelHref }} action={href} variant="destructive" />;
}

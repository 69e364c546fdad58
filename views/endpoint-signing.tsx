/** The tab Signing: the secrets that sign now, a new one, and code that verifies a signature. */

import { Button, LinkButton } from './components/button.tsx';
import { CodeBox, CodeText } from './components/code.tsx';
import { FormDialog } from './components/dialog.tsx';
import { OverlapField } from './components/overlap-field.tsx';
import { Panel } from './components/panel.tsx';
import { Secret } from './components/secret.tsx';
import { Glyph } from './components/state.tsx';
import { Ago, Until } from './components/text.tsx';
import { EndpointHead, type EndpointHeadProps } from './endpoint-head.tsx';
import { receiverSnippet, type SigningKind, verifySnippets } from './verify-snippets.ts';

export type SecretRow = {
  text: string;
  isPublic: boolean;
  createdAt: string;
  expiresAt: string | null;
};

export type EndpointSecretsProps = {
  /** Of the endpoint. */
  path: string;
  rows: readonly SecretRow[];
  /** In the open, after somebody asked for it. */
  revealed: string | null;
  mayChange: boolean;
  nowMs: number;
};

/** With the dialog that makes a new one. */
export function SecretsPanel(props: EndpointSecretsProps) {
  const { path, mayChange } = props;
  return (
    <Panel
      title="Signing secrets"
      actions={
        mayChange ? (
          <LinkButton
            label="Rotate…"
            icon="key-round"
            href={`${path}/signing/rotate`}
            open="rotate"
          />
        ) : null
      }
    >
      <Secrets {...props} />
      {mayChange ? (
        <FormDialog id="rotate" action={`${path}/signing/rotate`} {...rotation}>
          <OverlapField />
        </FormDialog>
      ) : null}
      {mayChange && props.rows.length > 1 ? (
        <FormDialog
          id="end-previous"
          action={`${path}/signing/end`}
          variant="destructive"
          {...endingOf(props.rows.length - 1)}
        />
      ) : null}
    </Panel>
  );
}

/** @param count of the secrets that still sign beside the current one */
export function endingOf(count: number) {
  const those = count === 1 ? 'the previous secret' : `${count} previous secrets`;
  return {
    title: `End ${those} now`,
    text: 'From now on the current one signs alone. Receivers that check another refuse what they are sent, and it is tried again.',
    submit: `End ${those}`,
  };
}

export const rotation = {
  title: 'Rotate the signing secret',
  text: 'A new secret signs from now on. Those until now sign beside it for the overlap, so that receivers can change without a gap.',
  submit: 'Rotate the secret',
};

/** The fragment `secrets`: also what a reveal answers. */
export function Secrets({ path, rows, revealed, mayChange, nowMs }: EndpointSecretsProps) {
  const ends = rows.flatMap(({ expiresAt }) => expiresAt ?? []);
  return (
    <div id="secrets">
      <ul class="flex flex-col gap-3">
        {rows.map(({ text, isPublic, createdAt, expiresAt }, index) => {
          const isCurrent = index === 0;
          const isOpen = isCurrent && revealed !== null;
          const asks = isCurrent && !isPublic && !isOpen && mayChange;
          return (
            <li>
              <div class="flex items-center justify-between gap-2">
                <span class="st">
                  <Glyph name={isCurrent ? 'ok' : 'pending'} />
                  {isCurrent ? 'Current' : 'Previous'}
                </span>
                <span class="note num">
                  {expiresAt === null ? (
                    <>
                      since <Ago at={createdAt} nowMs={nowMs} suffix="" />
                    </>
                  ) : (
                    <>
                      ends <Until at={expiresAt} nowMs={nowMs} />
                    </>
                  )}
                </span>
              </div>
              <div class="mt-1.5">
                <Secret
                  text={isOpen ? revealed : text}
                  masked={!isOpen && !isPublic}
                  what={isPublic ? 'public key' : 'secret'}
                  actions={
                    asks ? (
                      <RevealForm path={path} />
                    ) : index === 1 && mayChange ? (
                      <EndLink path={path} />
                    ) : null
                  }
                />
              </div>
            </li>
          );
        })}
      </ul>
      <p class="note mt-3" safe>
        {ends.length === 0
          ? 'It signs every request. Who looks at it is in the audit log.'
          : `All of them sign every request until ${ends[0]?.slice(0, 16).replace('T', ' ')} UTC. Receivers may check any one.`}
      </p>
    </div>
  );
}

function EndLink({ path }: { path: string }) {
  const href = `${path}/signing/end`;
  return <LinkButton label="End now" variant="ghost" size="xs" href={href} open="end-previous" />;
}

function RevealForm({ path }: { path: string }) {
  const action = `${path}/signing/reveal`;
  return (
    <form method="post" action={action} hx-post={action} hx-target="#secrets" hx-swap="outerHTML">
      <Button label="Reveal" type="submit" variant="ghost" size="xs" />
    </form>
  );
}

export function EndpointSigning(props: {
  head: EndpointHeadProps;
  secrets: EndpointSecretsProps;
  kind: SigningKind;
  url: string;
}) {
  const { head, secrets, kind, url } = props;
  return (
    <>
      <EndpointHead {...head} />
      <div class="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_27rem]">
        <VerifyPanel kind={kind} url={url} />
        <SecretsPanel {...secrets} />
      </div>
    </>
  );
}

/** Code for the receiver at the path of `url`; a radio button says in which language. */
export function VerifyPanel({ kind, url }: { kind: SigningKind; url: string | null }) {
  return (
    <Panel title="Check the signature" class="by-language" actions={<Languages kind={kind} />}>
      {verifySnippets[kind].map(({ language, file, code }) => {
        const receiver = receiverSnippet(language, kind, url);
        return (
          <div class="flex flex-col gap-3" data-language={language}>
            <CodeBox title={file} copies={code}>
              <CodeText text={code} />
            </CodeBox>
            <CodeBox title={receiver.file} copies={receiver.code}>
              <CodeText text={receiver.code} />
            </CodeBox>
          </div>
        );
      })}
      <p class="note mt-3">
        Give it the body's bytes as they came, before any JSON parser. Requests that are older than
        5 min are refused, so that none can be sent again by others.
      </p>
    </Panel>
  );
}

/** Of no form: what is read is not what is sent. */
function Languages({ kind }: { kind: SigningKind }) {
  return (
    <fieldset class="seg">
      <legend class="sr-only">Language</legend>
      {verifySnippets[kind].map(({ language }, index) => (
        <label>
          <input
            type="radio"
            class="sr-only"
            name="language"
            form=""
            value={language}
            checked={index === 0}
          />
          <span safe>{language}</span>
        </label>
      ))}
    </fieldset>
  );
}

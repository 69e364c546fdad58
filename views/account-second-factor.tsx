/** The second factor: three steps while it is turned on, then its state and what can be done. */
import { Button, LinkButton } from './components/button.tsx';
import { CodeField, type FormDraft } from './components/form.tsx';
import { formatDate } from './components/format.ts';
import { Panel, PanelLine } from './components/panel.tsx';
import { QrCode } from './components/qr-code.tsx';
import { Secret } from './components/secret.tsx';
import { Glyph, type GlyphName, Mark } from './components/state.tsx';
import { Timeline, TimelineItem } from './components/timeline.tsx';
import { EntryNotice } from './entry.tsx';
import { PasswordField } from './person-fields.tsx';

export type SecondFactorState =
  /** Off; the password is asked for. */
  | { step: 'password' }
  /** Off, and single sign-on asks for its own. */
  | { step: 'elsewhere' }
  | { step: 'code'; secret: string; uri: string; proof: string }
  | { step: 'codes'; codes: readonly string[] }
  | { step: 'on'; since: string; codesLeft: number };

type Props = { state: SecondFactorState; path: string; draft: FormDraft };

/** Fewer are soon used up. */
const fewCodes = 3;

export function SecondFactor(props: Props) {
  const [glyph, words] = stateOf(props.state);
  return (
    <Panel title="Second factor" actions={<Mark glyph={glyph}>{words}</Mark>}>
      <Content {...props} />
    </Panel>
  );
}

function stateOf(state: SecondFactorState): [GlyphName, JSX.Element] {
  switch (state.step) {
    case 'password':
      return ['warn', <>Off</>];
    case 'elsewhere':
      return ['unknown', <>At your provider</>];
    case 'code':
      return ['pending', <>Step 2 of 3</>];
    case 'codes':
      return ['ok', <>On, keep the codes</>];
    case 'on':
      return ['ok', <>On</>];
  }
}

function Content({ state, path, draft }: Props) {
  if (state.step === 'elsewhere') {
    return (
      <p class="text-muted-foreground">
        You sign in by single sign-on: its provider asks for the second factor.
      </p>
    );
  }
  if (state.step === 'on') return <InForce state={state} path={path} />;
  const isOpen = state.step === 'password';
  return (
    <Timeline>
      <TimelineItem
        glyph={isOpen ? 'pending' : 'ok'}
        title={isOpen ? 'Give your password again' : 'Password given again'}
      >
        {isOpen ? <PasswordStep path={path} draft={draft} /> : null}
      </TimelineItem>
      <TimelineItem
        glyph={state.step === 'codes' ? 'ok' : 'pending'}
        title="Scan the code, then type what the app shows"
      >
        {state.step === 'code' ? <CodeStep state={state} path={path} draft={draft} /> : null}
      </TimelineItem>
      <TimelineItem glyph="pending" title="Keep the recovery codes">
        <p class="text-xs text-muted-foreground">
          Each works once, when the phone is lost. They are shown only now.
        </p>
        {state.step === 'codes' ? <RecoveryCodes codes={state.codes} doneHref={path} /> : null}
      </TimelineItem>
    </Timeline>
  );
}

function PasswordStep({ path, draft }: { path: string; draft: FormDraft }) {
  return (
    <form method="post" action={`${path}/second-factor`} class="mt-2 flex flex-col gap-3">
      <p class="text-xs text-muted-foreground">
        Who learns your password then still needs your phone.
      </p>
      <EntryNotice draft={draft} />
      <PasswordField draft={draft} name="currentPassword" label="Current password" />
      <span>
        <Button label="Go on" type="submit" variant="primary" size="default" />
      </span>
    </form>
  );
}

function CodeStep(props: {
  state: Extract<SecondFactorState, { step: 'code' }>;
  path: string;
  draft: FormDraft;
}) {
  const { state, path, draft } = props;
  const spaced = state.secret.replace(/(.{4})(?=.)/g, '$1 ');
  return (
    <div class="mt-2.5 flex flex-wrap gap-4">
      <QrCode text={state.uri} label="QR code for the authenticator app" />
      <div class="flex min-w-0 flex-1 basis-48 flex-col gap-3">
        <div class="field [&_code]:overflow-visible! [&_code]:whitespace-normal!">
          <span class="text-xs text-muted-foreground">Or type this key</span>
          <Secret text={spaced} masked={false} what="key" />
        </div>
        <form method="post" action={`${path}/second-factor/confirm`} class="flex flex-col gap-3">
          <input type="hidden" name="proof" value={state.proof} />
          <EntryNotice draft={draft} />
          <CodeField
            name="code"
            label="Code of 6 digits"
            error={draft.errors.get('code')}
            autofocus
          />
          <Button label="Confirm" type="submit" variant="primary" size="default" />
        </form>
      </div>
    </div>
  );
}

/** The file is in the link itself: it needs neither script nor an address that shows them again. */
function RecoveryCodes({ codes, doneHref }: { codes: readonly string[]; doneHref: string }) {
  const text = `${codes.join('\n')}\n`;
  return (
    <div class="mt-2.5 rounded-md border bg-subtle p-3" role="status">
      <ul class="grid gap-x-6 gap-y-1 font-mono text-xs sm:grid-cols-2">
        {codes.map((code) => (
          <li safe>{code}</li>
        ))}
      </ul>
      <div class="mt-3 flex flex-wrap gap-2">
        <Button label="Copy" icon="copy" copies={text} class="needs-script" />
        <a
          class="btn"
          data-variant="outline"
          data-size="sm"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
          download="opsforge-recovery-codes.txt"
        >
          Download
        </a>
        <LinkButton label="I have them" icon="check" href={doneHref} />
      </div>
    </div>
  );
}

function InForce(props: { state: Extract<SecondFactorState, { step: 'on' }>; path: string }) {
  const { since, codesLeft } = props.state;
  const path = `${props.path}/second-factor`;
  return (
    <div class="flex flex-col gap-4">
      <PanelLine
        title="Authenticator app"
        text={`Asked for at each sign-in since ${formatDate(since)}`}
        action={<LinkButton label="Turn off…" variant="destructive" href={`${path}/remove`} />}
      />
      <PanelLine
        title={`${codesLeft} recovery ${codesLeft === 1 ? 'code' : 'codes'} left`}
        text="Each works once, when the phone is lost"
        action={<LinkButton label="New codes…" icon="rotate-cw" href={`${path}/codes`} />}
      />
      {codesLeft < fewCodes ? (
        <p class="flex items-center gap-2 text-xs">
          <Glyph name="warn" />
          Make new ones before the last is used.
        </p>
      ) : null}
    </div>
  );
}

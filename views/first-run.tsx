/** A project without events: the way to the first one, by forms; the command comes last. */
import { Button, LinkButton } from './components/button.tsx';
import { CodeBox, ShellLines } from './components/code.tsx';
import type { FormDraft } from './components/form.tsx';
import { Icon } from './components/icon.tsx';
import { live } from './components/refresh.ts';
import { Glyph } from './components/state.tsx';
import { Step } from './components/timeline.tsx';

export type FirstRunProps = {
  path: string;
  draft: FormDraft;
  /** Its name; null while there is none. */
  endpoint: string | null;
  mayChange: boolean;
  testAction: string | null;
  /** What became of the newest test; null while nothing was sent. */
  arrival: {
    path: string;
    href: string;
    figuresHref: string;
    editHref: string | null;
    state: 'ok' | 'pending' | 'bad';
    title: string;
  } | null;
  mayMakeKey: boolean;
  keysHref: string;
  /** Whether `command` holds a key that is shown this once. */
  hasKey: boolean;
  command: string;
};

export function FirstRun(props: FirstRunProps) {
  const { endpoint, arrival, testAction, mayChange } = props;
  return (
    <div class="mx-auto flex w-full max-w-3xl flex-col gap-5 py-4">
      <div>
        <h1>Send your first webhook</h1>
        <p class="text-muted-foreground">
          {mayChange
            ? 'Three clicks, then from your own code. This page moves on by itself when something arrives.'
            : 'Who may change this project adds an endpoint. This page moves on by itself when something arrives.'}
        </p>
      </div>
      <section class="card">
        <section class="p-5!">
          <ol class="timeline">
            <Step
              number={1}
              done={endpoint !== null}
              title={endpoint === null ? 'Add an endpoint' : `Endpoint added: ${endpoint}`}
              text="Where should events go? Use your own URL, or the built-in echo to look around first: it answers 200 with what it got, and nothing leaves opsforge."
            >
              {endpoint === null && mayChange ? <EndpointForm {...props} /> : null}
            </Step>
            <Step
              number={2}
              done={arrival !== null}
              title="Send a test event"
              text="It goes the way of every event: stored, signed, sent, each attempt on record."
            >
              {testAction === null || !mayChange ? null : (
                <TestForm action={testAction} isFirst={arrival === null} />
              )}
            </Step>
            <Step
              number={3}
              done={arrival?.state === 'ok'}
              title="See it arrive"
              text="What was sent, what was answered and how long each part took."
            >
              {arrival === null ? <Waiting path={props.path} /> : <Arrival {...arrival} />}
            </Step>
            <Step
              number={4}
              done={false}
              title="Send from your own code"
              text={
                props.hasKey
                  ? 'Run this in a terminal. The key is filled in and is shown only now.'
                  : 'An application signs in by an API key; put it in place of YOUR_KEY.'
              }
            >
              <OwnCode {...props} />
            </Step>
          </ol>
        </section>
      </section>
      <Reference />
    </div>
  );
}

function Reference() {
  return (
    <a
      class="flex items-start gap-3 rounded-lg border p-3 hover:bg-subtle"
      href="/swagger"
      data-command="Open the API reference"
    >
      <Icon name="book-open" class="mt-0.5 text-muted-foreground" />
      <span>
        <span class="block font-medium">API reference</span>
        <span class="text-xs text-muted-foreground">OpenAPI 3.1, served from here</span>
      </span>
    </a>
  );
}

function EndpointForm({ path, draft }: FirstRunProps) {
  const error = draft.errors.get('url') ?? draft.notices[0];
  const hasError = error !== undefined;
  return (
    <form method="post" action={`${path}/start`} class="mt-3 flex flex-wrap gap-2">
      <input type="hidden" name="step" value="endpoint" />
      <div class="input-group h-8 min-w-0 flex-1 basis-72">
        <span data-align="start">
          <Icon name="globe" />
        </span>
        <input
          type="url"
          name="url"
          placeholder="https://example.com/webhooks"
          aria-label="URL of the endpoint"
          value={draft.value('url')}
          aria-invalid={hasError ? 'true' : undefined}
          aria-describedby={hasError ? 'url-error' : undefined}
        />
      </div>
      <Button label="Add endpoint" type="submit" variant="primary" size="default" />
      <Button label="Use the echo" type="submit" size="default" name="echo" value="on" />
      {hasError ? (
        <p class="field-error w-full" id="url-error" role="alert">
          <Glyph name="bad" />
          <span safe>{error}</span>
        </p>
      ) : null}
    </form>
  );
}

function TestForm({ action, isFirst }: { action: string; isFirst: boolean }) {
  return (
    <form method="post" action={action} class="mt-3">
      <Button
        label={isFirst ? 'Send a test' : 'Send another test'}
        icon="send"
        type="submit"
        variant={isFirst ? 'primary' : 'outline'}
        size="default"
        shortcut="T"
      />
    </form>
  );
}

function OwnCode({ path, mayMakeKey, keysHref, hasKey, command }: FirstRunProps) {
  return (
    <>
      {mayMakeKey && !hasKey ? (
        <form method="post" action={`${path}/start`} class="mt-3 flex flex-wrap gap-2">
          <input type="hidden" name="step" value="key" />
          <Button label="Make a key" icon="key-round" type="submit" size="default" />
          <LinkButton
            label="Choose what it may do"
            size="default"
            variant="ghost"
            href={keysHref}
          />
        </form>
      ) : null}
      <div class="mt-3">
        <CodeBox title="Terminal" copies={command}>
          <ShellLines text={command} />
        </CodeBox>
      </div>
    </>
  );
}

const statusClass =
  'mt-3 flex flex-wrap items-center gap-2 rounded-md border border-dashed px-3 py-2 text-muted-foreground';

/** The part `waiting`: asks until there is something, then the page is loaded as it is now. */
export function Waiting({ path }: { path: string }) {
  return (
    <div
      id="waiting"
      class={statusClass}
      role="status"
      aria-live="polite"
      {...live(path, ['events'])}
    >
      <Glyph name="pending" />
      Waiting for the first event…
      <span class="num ml-auto text-xs">0 received</span>
    </div>
  );
}

/** The part `arrival`: the newest delivery, until an event comes that is no test. */
export function Arrival(props: NonNullable<FirstRunProps['arrival']>) {
  const { path, href, figuresHref, editHref, state, title } = props;
  return (
    <div
      id="arrival"
      class={statusClass}
      role="status"
      aria-live="polite"
      {...live(path, ['events', 'deliveries'])}
    >
      <Glyph name={state} />
      <span class="font-medium text-foreground" safe>
        {title}
      </span>
      <span class="ml-auto flex gap-3 text-xs">
        {editHref === null ? null : (
          <a class="link" href={editHref}>
            Change the endpoint
          </a>
        )}
        <a class="link" href={href}>
          See the delivery
        </a>
        <a class="link" href={figuresHref}>
          Go to the overview
        </a>
      </span>
    </div>
  );
}

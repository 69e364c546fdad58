/** A project without events: the way to the first one, with the exact command. */
import { CodeBox, ShellLines } from './components/code.tsx';
import { Icon } from './components/icon.tsx';
import { live } from './components/refresh.ts';
import { Glyph } from './components/state.tsx';
import { Step } from './components/timeline.tsx';

export type FirstRunProps = {
  path: string;
  publicUrl: string;
  /** Commands that need the slugs. */
  bootstrap: string;
  endpointCount: number;
};

export function FirstRun(props: FirstRunProps) {
  const curl = [
    `curl -X POST ${props.publicUrl}/api/v1/webhooks \\`,
    `  -H 'Authorization: Bearer YOUR_KEY' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '{"type":"invoice.paid","payload":{"number":"A-1","amount":4200}}'`,
  ].join('\n');
  const addEndpoint = [
    `curl -X POST ${props.publicUrl}/api/v1/endpoints \\`,
    `  -H 'Authorization: Bearer YOUR_KEY' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '{"url":"https://example.com/webhooks"}'`,
  ].join('\n');
  const hasEndpoint = props.endpointCount > 0;
  return (
    <div class="mx-auto flex w-full max-w-3xl flex-col gap-5 py-4">
      <div>
        <h1>Send your first webhook</h1>
        <p class="text-muted-foreground">
          Three steps, about two minutes. This page moves on by itself when something arrives.
        </p>
      </div>
      <section class="card">
        <section class="p-5!">
          <ol class="timeline">
            <Step
              number={1}
              done={false}
              title="Make an API key"
              text="Run this where opsforge runs. It writes the key once; put it in place of YOUR_KEY below."
            >
              <Command text={props.bootstrap} />
            </Step>
            <Step
              number={2}
              done={hasEndpoint}
              title={hasEndpoint ? 'An endpoint is there' : 'Add an endpoint'}
              text="Where should events go? Each endpoint gets those it wants, signed."
            >
              {hasEndpoint ? null : <Command text={addEndpoint} />}
            </Step>
            <Step
              number={3}
              done={false}
              title="Post an event"
              text="opsforge answers 202 once it is stored, and sends it on at once."
            >
              <Command text={curl} />
              <Waiting path={props.path} />
            </Step>
          </ol>
        </section>
      </section>
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
    </div>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div class="mt-3">
      <CodeBox title="Terminal" copies={text}>
        <ShellLines text={text} />
      </CodeBox>
    </div>
  );
}

/** The fragment `waiting`: asks until there is something, then the server says where to go. */
export function Waiting({ path }: { path: string }) {
  return (
    <div
      id="waiting"
      class="mt-3 flex items-center gap-2 rounded-md border border-dashed px-3 py-2 text-muted-foreground"
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

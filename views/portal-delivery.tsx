/** A delivery as its receiver sees it: what was sent, and what it answered, attempt by attempt. */
import { Button } from './components/button.tsx';
import { CodeBox, CodeText } from './components/code.tsx';
import { formatDuration, formatMoment } from './components/format.ts';
import { KeyValues, PageHead, Panel } from './components/panel.tsx';
import { refreshPortal } from './components/refresh.ts';
import { Pill } from './components/state.tsx';
import { StatusCode, Until } from './components/text.tsx';
import type { DeliveryRow } from './delivery-parts.tsx';

export type PortalAttempt = {
  attempt: number;
  outcome: 'delivered' | 'failed' | 'superseded';
  startedAt: string;
  durationMs: number;
  statusCode: number | null;
  error: { code: string; message: string } | null;
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string> | null;
  responseBody: string | null;
};

export type PortalDeliveryProps = {
  path: string;
  row: DeliveryRow;
  retryHref: string | null;
  /** Newest first. */
  attempts: readonly PortalAttempt[];
  nowMs: number;
};

export function PortalDelivery(props: PortalDeliveryProps) {
  const { path, row, retryHref, attempts, nowMs } = props;
  return (
    <div
      class="flex flex-col gap-5"
      id="delivery"
      {...(row.completedAt === null
        ? {
            'hx-get': row.href,
            'hx-trigger': refreshPortal,
            'hx-target': 'this',
            'hx-swap': 'outerMorph',
          }
        : {})}
    >
      <a class="link self-start text-xs" href={path}>
        All webhooks
      </a>
      <PageHead
        title={row.eventType}
        state={<Pill name={row.state} />}
        actions={
          retryHref === null ? null : (
            <form method="post" action={retryHref}>
              <Button label="Send now" icon="send" type="submit" variant="primary" />
            </form>
          )
        }
      >
        <p class="num">
          <span>To </span>
          {row.endpoint.href === null ? (
            <span safe>{row.endpoint.name}</span>
          ) : (
            <a class="link" href={row.endpoint.href} safe>
              {row.endpoint.name}
            </a>
          )}
          <span safe>{`, since ${formatMoment(row.createdAt)}`}</span>
          {row.nextAttemptAt === null ? null : (
            <>
              , next attempt <Until at={row.nextAttemptAt} nowMs={nowMs} />
            </>
          )}
        </p>
      </PageHead>
      {attempts.length === 0 ? (
        <Panel title="Attempts">
          <p class="text-muted-foreground">None yet. This page shows the first by itself.</p>
        </Panel>
      ) : (
        attempts.map((attempt, index) => <AttemptPanel attempt={attempt} open={index === 0} />)
      )}
    </div>
  );
}

function AttemptPanel({ attempt, open }: { attempt: PortalAttempt; open: boolean }) {
  const { startedAt, durationMs, statusCode, error, responseHeaders, responseBody } = attempt;
  const sub = `${formatMoment(startedAt)}, took ${formatDuration(durationMs)}`;
  return (
    <Panel
      title={`Attempt ${attempt.attempt}`}
      sub={sub}
      class="grow-0!"
      actions={<StatusCode status={statusCode} error={error?.code ?? null} />}
    >
      {error === null ? null : (
        <p class="mb-3" safe>
          {error.message}
        </p>
      )}
      <details open={open}>
        <summary class="mb-3 cursor-pointer text-xs text-muted-foreground">
          What was sent and answered
        </summary>
        <div class="grid gap-4 md:grid-cols-2">
          <div class="min-w-0">
            <h3 class="mb-2 font-medium">Headers sent</h3>
            <KeyValues pairs={Object.entries(attempt.requestHeaders)} />
          </div>
          <div class="min-w-0">
            <h3 class="mb-2 font-medium">Your answer</h3>
            {responseHeaders === null ? (
              <p class="text-muted-foreground">There was none.</p>
            ) : (
              <KeyValues pairs={Object.entries(responseHeaders)} />
            )}
          </div>
        </div>
        {responseBody === null || responseBody === '' ? null : (
          <div class="mt-4">
            <CodeBox title="Body of your answer" copies={responseBody} wrap>
              <CodeText text={responseBody} />
            </CodeBox>
          </div>
        )}
      </details>
    </Panel>
  );
}

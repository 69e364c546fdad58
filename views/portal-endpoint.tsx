/** One endpoint of a customer: its state, its secret, what was sent to it last. */
import type { EndpointState } from '../src/domain/endpoint-states.ts';
import { Button, CopyButton, LinkButton } from './components/button.tsx';
import { formatDuration, formatMinute } from './components/format.ts';
import { Facts, PageHead, Panel } from './components/panel.tsx';
import { NewSecret, Secret } from './components/secret.tsx';
import { Pill } from './components/state.tsx';
import type { DeliveryRow } from './delivery-parts.tsx';
import { EventTypes } from './endpoints.tsx';
import { DeliveryTable } from './portal.tsx';

export type PortalEndpointProps = {
  path: string;
  href: string;
  name: string;
  url: string;
  state: EndpointState;
  /** By people, or as disabled. */
  isStopped: boolean;
  eventTypes: readonly string[];
  timeoutMs: number;
  attemptsMax: number;
  signing: 'hmac' | 'ed25519';
  failingSince: string | null;
  pausedUntil: string | null;
  shown: { secret: string; isNew: boolean } | null;
  /** When the secrets end that sign beside the current one. */
  previousEnds: readonly string[];
  rows: readonly DeliveryRow[];
  mayWrite: boolean;
  nowMs: number;
};

export function PortalEndpoint(props: PortalEndpointProps) {
  const { path, name, url, state, shown, href, rows, nowMs, mayWrite } = props;
  return (
    <>
      <a class="link self-start text-xs" href={path}>
        All webhooks
      </a>
      <PageHead
        title={name}
        sentence={sentenceOf(props)}
        state={<Pill name={state} />}
        actions={mayWrite ? <Deeds {...props} /> : null}
      />
      {shown?.isNew ? (
        <NewSecret
          title="Verify what is sent with this secret"
          text={shown.secret}
          what="secret"
          doneHref={href}
        />
      ) : null}
      <div class="grid gap-5 md:grid-cols-2">
        <Panel title="How it is sent" class="grow-0!">
          <Facts
            facts={[
              {
                name: 'URL',
                value: (
                  <span class="flex min-w-0 items-center gap-1">
                    <span class="mono truncate" title={url} safe>
                      {url}
                    </span>
                    <CopyButton text={url} what="URL" />
                  </span>
                ),
              },
              { name: 'Listens to', value: <EventTypes types={props.eventTypes} /> },
              { name: 'Answer within', value: <span safe>{formatDuration(props.timeoutMs)}</span> },
              { name: 'Attempts', value: <span>at most {props.attemptsMax}</span> },
            ]}
          />
        </Panel>
        <SecretPanel {...props} />
      </div>
      <Panel title="Last deliveries" flush class="grow-0!">
        <DeliveryTable rows={rows} nowMs={nowMs} mayWrite={mayWrite} named={false} />
      </Panel>
      {mayWrite ? (
        <p>
          <LinkButton
            label="Delete endpoint…"
            icon="trash-2"
            variant="destructive"
            href={`${href}/delete`}
          />
        </p>
      ) : null}
    </>
  );
}

function sentenceOf({ state, failingSince, pausedUntil }: PortalEndpointProps): string {
  switch (state) {
    case 'healthy':
      return 'It takes what it is sent.';
    case 'failing':
      return `Nothing was delivered since ${formatMinute(failingSince ?? '')}. It is sent again by itself.`;
    case 'open':
      return `Attempts failed in a row, so the next is made at ${formatMinute(pausedUntil ?? '')}. Nothing is lost.`;
    case 'paused':
      return pausedUntil === null
        ? 'It is paused: deliveries wait until it is resumed.'
        : `It asked to wait until ${formatMinute(pausedUntil)}.`;
    case 'disabled':
      return 'It is disabled: nothing is sent to it until it is resumed.';
  }
}

function Deeds({ href, isStopped }: PortalEndpointProps) {
  return (
    <>
      <form method="post" action={`${href}/test`}>
        <Button label="Send test" icon="send" type="submit" />
      </form>
      <form method="post" action={`${href}/${isStopped ? 'resume' : 'pause'}`}>
        <Button
          label={isStopped ? 'Resume' : 'Pause'}
          icon={isStopped ? 'play' : 'circle-pause'}
          type="submit"
        />
      </form>
      <LinkButton label="Edit" icon="pencil" href={`${href}/edit`} />
    </>
  );
}

function SecretPanel(props: PortalEndpointProps) {
  const { shown, href, mayWrite, signing, previousEnds } = props;
  const lastEnd = previousEnds.toSorted().at(-1);
  const isRevealed = shown !== null && !shown.isNew;
  const what = signing === 'hmac' ? 'Secret' : 'Public key';
  return (
    <Panel
      title={what}
      class="grow-0!"
      actions={mayWrite ? <LinkButton label="Rotate…" href={`${href}/rotate`} /> : null}
    >
      <div class="flex items-center gap-2">
        <div class="min-w-0 flex-1">
          <Secret
            text={isRevealed ? shown.secret : '••••••••••••••••••••'}
            masked={!isRevealed}
            what={what.toLowerCase()}
          />
        </div>
        {mayWrite && !isRevealed ? (
          <form method="post" action={`${href}/secret`}>
            <Button label="Reveal" icon="eye" type="submit" />
          </form>
        ) : null}
      </div>
      {lastEnd === undefined ? null : (
        <p class="note num mt-3">
          The one before signs beside it until <span safe>{formatMinute(lastEnd)}</span>
          {mayWrite ? (
            <>
              {' · '}
              <a class="link" href={`${href}/rotate/end`}>
                End now
              </a>
            </>
          ) : null}
        </p>
      )}
      <p class="note mt-3">
        Each request carries webhook-id, webhook-timestamp and webhook-signature, as Standard
        Webhooks says: verify them before you trust its body.
      </p>
    </Panel>
  );
}

/** The head of an endpoint's pages: its state, its tabs, and what can be done with it. */
import type { EndpointState } from '../src/domain/endpoint-states.ts';
import { Button, CopyButton, LinkButton } from './components/button.tsx';
import { FormDialog } from './components/dialog.tsx';
import { type TabItem, Tabs } from './components/filters.tsx';
import type { IconName } from './components/icon.tsx';
import { PageHead } from './components/panel.tsx';
import { Pill } from './components/state.tsx';

export type EndpointHeadProps = {
  name: string;
  url: string;
  state: EndpointState;
  /** Below it are its tabs and actions. */
  path: string;
  tabs: readonly TabItem[];
  /** The page of the dialog that Health has. */
  replayHref: string;
  /** Who may not change it has no actions. */
  mayChange: boolean;
  disable: ConfirmProps;
};

/** A dangerous thing, with the number in its title and in its button. */
export type ConfirmProps = { title: string; text: string; submit: string };

type HeadAction = { label: string; icon: IconName; path: string };

/** What a state may turn into without asking. */
const turns: Record<EndpointState, HeadAction> = {
  open: { label: 'Resume', icon: 'play', path: '/resume' },
  failing: { label: 'Pause', icon: 'pause', path: '/pause' },
  healthy: { label: 'Pause', icon: 'pause', path: '/pause' },
  paused: { label: 'Resume', icon: 'play', path: '/resume' },
  disabled: { label: 'Enable', icon: 'play', path: '/enable' },
};

export function EndpointHead(props: EndpointHeadProps) {
  const { name, url, state, path, tabs, mayChange, disable } = props;
  return (
    <>
      <PageHead
        title={name}
        state={<Pill name={state} />}
        actions={mayChange ? <Actions {...props} /> : null}
      >
        <p class="mt-0.5 flex items-center gap-1">
          <span class="mono truncate" safe>
            {url}
          </span>
          <CopyButton text={url} what="URL" />
        </p>
      </PageHead>
      <Tabs items={tabs} />
      {mayChange && state !== 'disabled' ? (
        <FormDialog id="disable" action={`${path}/disable`} variant="destructive" {...disable} />
      ) : null}
    </>
  );
}

function Actions({ state, path, replayHref }: EndpointHeadProps) {
  const turn = turns[state];
  const isDisabled = state === 'disabled';
  return (
    <>
      {isDisabled ? null : (
        <form method="post" action={`${path}/test`}>
          <Button label="Send test" icon="send" type="submit" shortcut="T" />
        </form>
      )}
      <form method="post" action={`${path}${turn.path}`}>
        <Button label={turn.label} icon={turn.icon} type="submit" />
      </form>
      {isDisabled ? null : (
        <LinkButton label="Disable…" icon="ban" href={`${path}/disable`} open="disable" />
      )}
      {isDisabled ? null : (
        <LinkButton
          label="Replay…"
          icon="history"
          variant="primary"
          href={replayHref}
          open="replay"
          shortcut="P"
        />
      )}
    </>
  );
}

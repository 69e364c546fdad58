/**
 * When a page cannot be shown: which code, whose fault, what still works, the way on, and the
 * request id to copy. Without the shell, since nothing of it may depend on what is broken.
 */
import { type ButtonVariant, CopyButton, LinkButton } from './components/button.tsx';
import { formatClock, formatDate } from './components/format.ts';
import type { IconName } from './components/icon.tsx';
import { Glyph, type GlyphName } from './components/state.tsx';
import type { PageFiles, Theme } from './document.tsx';
import { Outside } from './outside.tsx';

export type ErrorPageProps = {
  files: PageFiles;
  theme: Theme;
  status: number;
  title: string;
  text: string;
  /** What works and what does not. */
  parts: readonly { glyph: GlyphName; name: string; state: string }[];
  /** The address that there is nothing at. */
  asked?: string;
  actions: readonly { label: string; href: string; icon?: IconName }[];
  requestId: string;
  /** RFC 3339 */
  at: string;
  reloadSeconds?: number | undefined;
};

export function ErrorPage(props: ErrorPageProps) {
  const { files, theme, title, reloadSeconds } = props;
  return (
    <Outside
      shell={{ files, theme }}
      title={title}
      reloadSeconds={reloadSeconds}
      wide
      footer={
        <>
          <span class="inline-flex min-w-0 items-center gap-1">
            Request{' '}
            <span class="truncate font-mono" safe>
              {props.requestId}
            </span>
            <CopyButton text={props.requestId} what="request id" />
          </span>
          <span class="num whitespace-nowrap" safe>
            {`${formatDate(props.at)}, ${formatClock(props.at)} UTC`}
          </span>
        </>
      }
    >
      <Reason {...props} />
    </Outside>
  );
}

function Reason({ status, title, text, parts, asked, actions }: ErrorPageProps) {
  const variant = (index: number): ButtonVariant => (index === 0 ? 'primary' : 'outline');
  return (
    <>
      <div>
        <p class="num mono text-muted-foreground">{status}</p>
        <h1 class="mt-1" safe>
          {title}
        </h1>
        <p class="mt-1 text-muted-foreground" safe>
          {text}
        </p>
      </div>
      {asked === undefined ? null : (
        <div class="rounded-md border bg-subtle px-3 py-2">
          <span class="mono block truncate" title={asked} safe>
            {asked}
          </span>
        </div>
      )}
      {parts.length === 0 ? null : (
        <ul class="flex flex-col gap-2 rounded-md border bg-subtle px-3 py-2.5">
          {parts.map(({ glyph, name, state }) => (
            <li class="flex items-center gap-2">
              <Glyph name={glyph} />
              <span safe>{name}</span>
              <span class="num ml-auto text-xs text-muted-foreground" safe>
                {state}
              </span>
            </li>
          ))}
        </ul>
      )}
      <div class="flex flex-wrap gap-2">
        {actions.map(({ label, href, icon }, index) => (
          <LinkButton
            label={label}
            href={href}
            size="default"
            variant={variant(index)}
            {...(icon === undefined ? {} : { icon })}
          />
        ))}
      </div>
    </>
  );
}

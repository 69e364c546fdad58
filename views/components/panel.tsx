/**
 * What pages are made of: head, panels, notices, lists of facts, empty states. Props of the type
 * `Children` hold markup that is escaped already (`safe…` inside, as xss-scan wants it named): pass
 * JSX, never a text.
 */
import type { Children } from '@kitajs/html';
import { Icon, type IconName } from './icon.tsx';
import { Glyph, type GlyphName } from './state.tsx';

/** The first line below the title answers the page's question in words. */
export function PageHead(props: {
  title: string;
  sentence?: string;
  /** A pill beside the title. */
  state?: Children;
  /** Below the sentence: ids, links, facts. */
  children?: Children;
  actions?: Children;
}) {
  const { title, sentence, state: safeState, children, actions: safeActions } = props;
  return (
    <div class="page-head">
      <div>
        {safeState ? (
          <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 safe>{title}</h1>
            {safeState}
          </div>
        ) : (
          <h1 safe>{title}</h1>
        )}
        {sentence === undefined ? null : <p safe>{sentence}</p>}
        {children}
      </div>
      {safeActions ? <div class="flex flex-wrap items-center gap-2">{safeActions}</div> : null}
    </div>
  );
}

/** `flush`: its content, a table or list, reaches the border. */
export function Panel(props: {
  title: string;
  sub?: string;
  actions?: Children;
  footer?: Children;
  flush?: boolean;
  id?: string;
  class?: string;
  children: Children;
}) {
  const { title, sub, flush = false, children } = props;
  const { actions: safeActions, footer: safeFooter } = props;
  return (
    <section class={['card', props.class]} id={props.id}>
      <header>
        <h2>
          <span safe>{title}</span>
          {sub === undefined ? null : (
            <span class="ml-2 text-xs font-normal text-muted-foreground" safe>
              {sub}
            </span>
          )}
        </h2>
        {safeActions ? <div class="flex items-center gap-2">{safeActions}</div> : null}
      </header>
      {flush ? children : <section>{children}</section>}
      {safeFooter ? <footer>{safeFooter}</footer> : null}
    </section>
  );
}

/** A line of a panel: what is, and at its end what can be done about it. */
export function PanelLine(props: { title: string; text: string; action: Children }) {
  const { title, text, action } = props;
  return (
    <div class="flex flex-wrap items-center justify-between gap-3">
      <span class="min-w-0">
        <span safe>{title}</span>
        <span class="block text-xs text-muted-foreground" safe>
          {text}
        </span>
      </span>
      {action}
    </div>
  );
}

/** What happened, what it means, what to do. `alert`: read out at once, for what just failed. */
export function Callout(props: {
  glyph: GlyphName;
  tone?: 'bad' | 'warn';
  title: string;
  alert?: boolean;
  id?: string;
  class?: string;
  children?: Children;
}) {
  const { glyph, tone, title, alert = false, children: safeChildren } = props;
  return (
    <div
      class={['callout', props.class]}
      id={props.id}
      data-tone={tone}
      role={alert ? 'alert' : undefined}
      tabindex={alert ? -1 : undefined}
    >
      <Glyph name={glyph} />
      <strong class="num" safe>
        {title}
      </strong>
      {safeChildren ? <p>{safeChildren}</p> : null}
    </div>
  );
}

/** What needs somebody, the worst first; nothing at all when nothing does. */
export type AttentionItem = {
  glyph: GlyphName;
  title: string;
  text: string;
  href: string;
  link: string;
  /** Already rendered: `<Ago … suffix="" />`. */
  since: Children;
};

export function AttentionList({ items }: { items: readonly AttentionItem[] }) {
  if (items.length === 0) return null;
  return (
    <ul class="attn" aria-label="Needs attention">
      {items.map(({ glyph, title, text, href, link, since }) => (
        <li>
          <Glyph name={glyph} />
          <div class="min-w-0">
            <a href={href} class="quiet-link font-medium" safe>
              {title}
            </a>{' '}
            <span class="text-muted-foreground" safe>
              {`· ${text}`}
            </span>
          </div>
          <span class="flex items-center gap-3 max-sm:col-start-2">
            <span class="num text-xs text-muted-foreground">{since}</span>
            <a class="link text-xs sm:w-24 sm:text-right" href={href} safe>
              {link}
            </a>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Nothing here: why, and the way on. */
export function Empty(props: {
  icon: IconName;
  title: string;
  framed?: boolean;
  children?: Children;
}) {
  const { icon, title, framed = false, children: safeChildren } = props;
  return (
    <div class={['empty', framed && 'rounded-lg border border-dashed']}>
      <header>
        <figure>
          <Icon name={icon} />
        </figure>
        <h3 safe>{title}</h3>
        {safeChildren ? <p>{safeChildren}</p> : null}
      </header>
    </div>
  );
}

export type Fact = { name: string; value: Children };

/** Names and values of a side panel. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value }) => (
        <>
          <dt safe>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** Headers, metadata: names and values in the mono font, as they are. */
export function KeyValues({ pairs }: { pairs: readonly (readonly [string, string])[] }) {
  return (
    <dl class="kv">
      {pairs.map(([name, value]) => (
        <>
          <dt safe>{name}</dt>
          <dd safe>{value}</dd>
        </>
      ))}
    </dl>
  );
}

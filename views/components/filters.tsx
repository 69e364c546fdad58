/** What narrows a list. The state of a view is its address: chips, segments and tabs are links. */
import type { Children } from '@kitajs/html';
import { Icon, type IconName } from './icon.tsx';
import { Count } from './text.tsx';

/** A form that asks by GET, so that it works without script and can be linked to. */
export function FilterBar(props: { label: string; action: string; children: Children }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: the form itself is the landmark
    <form class="filters" role="search" method="get" action={props.action} aria-label={props.label}>
      {props.children}
    </form>
  );
}

export function SearchField(props: {
  placeholder: string;
  label: string;
  name?: string;
  value?: string;
  wide?: boolean;
}) {
  const { placeholder, label, name = 'q', value, wide = false } = props;
  return (
    <div class={['input-group h-7 w-full', wide ? 'sm:w-72' : 'sm:w-64']}>
      <span data-align="start">
        <Icon name="search" />
      </span>
      <input
        type="search"
        name={name}
        value={value}
        placeholder={placeholder}
        aria-label={label}
        data-search
      />
      <kbd class="kbd" data-align="end">
        /
      </kbd>
    </div>
  );
}

/** A filter that is on: pressing it drops it. */
export function ActiveChip({ name, value, href }: { name: string; value: string; href: string }) {
  return (
    <a class="chip" href={href} data-on title="Drop this filter">
      <span safe>{name}</span>
      <b safe>{value}</b>
      <Icon name="x" />
    </a>
  );
}

/** A filter that may be added: its choices open below it. */
export function ChipMenu({ name, children }: { name: string; children: Children }) {
  return (
    <details class="chip-menu">
      <summary class="chip">
        <Icon name="plus" />
        <span safe>{name}</span>
      </summary>
      <div>{children}</div>
    </details>
  );
}

export type Choice = { label: string; href: string; current: boolean };

/** A filter whose values are links; nothing when there are none. */
export function ChoiceMenu({ name, choices }: { name: string; choices: readonly Choice[] }) {
  if (choices.length === 0) return null;
  return (
    <ChipMenu name={name}>
      {choices.map(({ label, href, current }) => (
        <a
          class="block max-w-80 truncate rounded-sm px-2 py-1 text-sm hover:bg-muted"
          href={href}
          aria-current={current ? 'true' : undefined}
          safe
        >
          {label}
        </a>
      ))}
    </ChipMenu>
  );
}

export type SegmentItem = {
  label: string;
  href: string;
  current: boolean;
  icon?: IconName;
  count?: number;
  tone?: 'bad';
  /** The single key that presses it. */
  shortcut?: string;
};

/** Exclusive choices: a range, a view. */
export function Segments({ label, items }: { label: string; items: readonly SegmentItem[] }) {
  return (
    <nav class="seg" aria-label={label}>
      {items.map((item) => (
        <a
          href={item.href}
          aria-current={item.current ? 'true' : undefined}
          aria-keyshortcuts={item.shortcut}
          data-key-name={item.shortcut === undefined ? undefined : `${label}: ${item.label}`}
        >
          {item.icon ? <Icon name={item.icon} /> : null}
          <span safe>{item.label}</span>
          {item.count === undefined ? null : <Count count={item.count} tone={item.tone} />}
        </a>
      ))}
    </nav>
  );
}

export type TabItem = {
  label: string;
  href: string;
  current: boolean;
  count?: number;
  tone?: 'bad';
};

/** Parts of one thing, each with a path of its own. */
export function Tabs({ items, label = 'Sections' }: { items: readonly TabItem[]; label?: string }) {
  return (
    <nav class="navtabs" aria-label={label}>
      {items.map((item) => (
        <a href={item.href} aria-current={item.current ? 'page' : undefined}>
          <span safe>{item.label}</span>
          {item.count === undefined ? null : <Count count={item.count} tone={item.tone} />}
        </a>
      ))}
    </nav>
  );
}

/**
 * The keys: a dialog on every page, which `?` opens and script narrows to what the page has
 * (views/client/keys-dialog.ts), and a page of its own, where all of them stand. What a page's own
 * buttons answer to is read from their `aria-keyshortcuts`, so that no list can fall behind.
 */
import { Button } from './components/button.tsx';
import { CloseButton } from './components/dialog.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { Key } from './components/text.tsx';
import type { NavEntry } from './navigation.ts';
import { type SettingsReader, SettingsTabs } from './settings.tsx';

export type KeysProps = {
  groups: readonly { items: readonly NavEntry[] }[];
  /** Whether keys without ⌘ or Ctrl do anything. */
  hasSingleKeys: boolean;
  /** Where the switch is sent. */
  path: string;
  /** Where it leads back to. */
  next: string;
};

type KeyLine = {
  keys: readonly string[];
  words: string;
  /** A selector: the page has such a thing when the key does something on it. */
  when?: string;
};

const pageLines: readonly KeyLine[] = [
  { keys: ['/'], words: 'To the search field', when: '[data-search]' },
  { keys: ['J', 'K'], words: 'Next row, previous row', when: 'main tbody tr .c-main a' },
  { keys: ['↵'], words: 'Open the row', when: 'main tbody tr .c-main a' },
  { keys: ['X'], words: 'Tick the row', when: 'main tbody tr input[type="checkbox"]' },
];

const everywhere: readonly KeyLine[] = [
  { keys: ['⌘K', 'Ctrl K'], words: 'Go to a page or run a command' },
  { keys: ['⌘↵', 'Ctrl ↵'], words: 'Save the form, from any of its fields' },
  { keys: ['?'], words: 'These keys' },
  { keys: ['Esc'], words: 'Close what is open' },
];

function placeLines({ groups }: KeysProps): KeyLine[] {
  return groups
    .flatMap(({ items }) => items)
    .flatMap(({ key, name }) =>
      key === undefined ? [] : [{ keys: ['G', key.toUpperCase()], words: name }],
    );
}

export function KeysDialog(props: KeysProps) {
  const places = placeLines(props);
  return (
    <dialog class="dialog" id="keys" aria-labelledby="keys-title" data-single={stateOf(props)}>
      <div>
        <header>
          <h2 id="keys-title">Keyboard shortcuts</h2>
        </header>
        <section class="flex flex-col gap-5 overflow-y-auto">
          <div data-keys-here>
            <h3 class="text-xs text-muted-foreground">On this page</h3>
            <KeyList lines={pageLines} />
          </div>
          {places.length === 0 ? null : (
            <div>
              <h3 class="text-xs text-muted-foreground">Go to</h3>
              <KeyList lines={places} />
            </div>
          )}
          <div>
            <h3 class="text-xs text-muted-foreground">Everywhere</h3>
            <KeyList lines={everywhere} />
          </div>
        </section>
        <footer class="justify-between! sm:items-center">
          <Switch {...props} />
          <CloseButton label="Close" />
        </footer>
      </div>
    </dialog>
  );
}

export function KeysPage(props: KeysProps & { settings: SettingsReader | null }) {
  const { settings } = props;
  const places = placeLines(props);
  return (
    <>
      <PageHead
        title="Keyboard shortcuts"
        sentence="Press ? on any page for the keys of its own buttons. Keys rest while you type."
        actions={<Switch {...props} />}
      />
      {settings === null ? null : <SettingsTabs {...settings} current="security" />}
      <div class="split xl:grid-cols-2">
        <div class="main-col">
          <Panel title="Everywhere">
            <KeyList lines={everywhere} />
          </Panel>
          <Panel title="Lists">
            <KeyList lines={pageLines} />
          </Panel>
        </div>
        {places.length === 0 ? null : (
          <div class="main-col">
            <Panel title="Go to">
              <KeyList lines={places} />
            </Panel>
          </div>
        )}
      </div>
    </>
  );
}

const stateOf = ({ hasSingleKeys }: KeysProps) => (hasSingleKeys ? 'on' : 'off');

/** WCAG 2.1.4: who dictates, or hits keys by accident, must be able to turn them off. */
function Switch({ hasSingleKeys, path, next }: KeysProps) {
  return (
    <form method="post" action={path} class="flex flex-wrap items-center gap-x-3 gap-y-1">
      <input type="hidden" name="next" value={next} />
      <input type="hidden" name="single" value={hasSingleKeys ? 'off' : 'on'} />
      <Button
        label={hasSingleKeys ? 'Turn single keys off' : 'Turn single keys on'}
        icon="keyboard"
        type="submit"
        size="default"
      />
      <span class="text-xs text-muted-foreground">
        {hasSingleKeys ? 'They are on in this browser' : 'Only ⌘ and Ctrl do something'}
      </span>
    </form>
  );
}

function KeyList({ lines }: { lines: readonly KeyLine[] }) {
  return (
    <ul class="divide-y text-sm">
      {lines.map(({ keys, words, when }) => (
        <li class="flex items-center justify-between gap-4 py-1.5" data-when={when}>
          <span safe>{words}</span>
          <span class="flex shrink-0 gap-1">
            {keys.map((key) => (
              <Key keys={key} />
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

/**
 * ⌘K: where one can go, narrowed by what is typed. Places are links of the menu; pages add their
 * own commands by `data-command` on links and buttons, which the script lists too.
 */
import { Icon } from './components/icon.tsx';
import { accountPath, type NavEntry } from './navigation.ts';

export function Palette(props: {
  groups: { name: string | null; items: NavEntry[] }[];
  tenant: { slug: string } | null;
}) {
  const { groups, tenant } = props;
  return (
    <dialog id="palette" class="command-dialog" aria-label="Search or jump to">
      <div class="command">
        <header>
          <Icon name="search" />
          <input
            type="text"
            placeholder="Go to a page or run a command"
            role="combobox"
            aria-label="Go to a page or run a command"
            aria-expanded="true"
            aria-controls="palette-menu"
            autocomplete="off"
            spellcheck="false"
          />
        </header>
        <div role="menu" id="palette-menu" data-empty="Nothing matches" aria-label="Results">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
          <div role="group" aria-label="Commands" id="palette-commands" hidden>
            {/* biome-ignore lint/a11y/useSemanticElements: Basecoat styles the role */}
            <span role="heading" aria-level="3" aria-hidden="true">
              Commands
            </span>
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
          <div role="group" aria-label="Go to">
            {/* biome-ignore lint/a11y/useSemanticElements: Basecoat styles the role */}
            <span role="heading" aria-level="3" aria-hidden="true">
              Go to
            </span>
            {groups.flatMap(({ items }) =>
              items.map((item) => (
                <a role="menuitem" href={item.href} tabindex={-1}>
                  <Icon name={item.icon} />
                  <span safe>{item.name}</span>
                  {item.key === undefined ? null : (
                    <span data-shortcut safe>
                      {`G ${item.key.toUpperCase()}`}
                    </span>
                  )}
                </a>
              )),
            )}
            <a role="menuitem" href={accountPath(tenant)} tabindex={-1}>
              <Icon name="lock" />
              <span>Your account</span>
            </a>
            <a
              role="menuitem"
              href={accountPath(tenant, '/keyboard')}
              tabindex={-1}
              data-open="keys"
              data-close
            >
              <Icon name="keyboard" />
              <span>Keyboard shortcuts</span>
              <span data-shortcut>?</span>
            </a>
          </div>
        </div>
      </div>
    </dialog>
  );
}

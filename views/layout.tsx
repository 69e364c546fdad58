/**
 * The shell around the pages of people who are signed in: menu, switcher, top bar, palette, toasts.
 * Works without script: the phone's menu is a details element, search and theme are forms.
 */
import type { Children } from '@kitajs/html';
import type { Role } from '../src/domain/roles.ts';
import { Button } from './components/button.tsx';
import { Icon, Logo } from './components/icon.tsx';
import { Avatar } from './components/text.tsx';
import { type Toast, Toaster } from './components/toast.tsx';
import { Document, type PageFiles, type Theme } from './document.tsx';
import { KeysDialog } from './keyboard.tsx';
import {
  accountPath,
  type NavEntry,
  type NavId,
  type Place,
  projectPath,
  tenantPath,
} from './navigation.ts';
import { Palette } from './palette.tsx';

export type Crumb = { name: string; href: string };

export type Shell = {
  files: PageFiles;
  theme: Theme;
  hasSingleKeys: boolean;
  /** The address of this page, to come back to. */
  path: string;
  /** Null on pages of a person alone. */
  place: Place | null;
  person: { name: string; role: Role | null };
  groups: { name: string | null; items: NavEntry[] }[];
  toasts: readonly Toast[];
  /** Database time. */
  nowMs: number;
};

export type PageFrame = {
  title: string;
  /** The menu entry that is lit. */
  nav: NavId | null;
  /** What stands above it; the title ends the row. */
  crumbs: readonly Crumb[];
  /** Whether something on it changes by itself. */
  live?: boolean;
};

export function Layout(props: { shell: Shell; frame: PageFrame; children: Children }) {
  const { shell, frame, children } = props;
  return (
    <Document title={frame.title} files={shell.files} theme={shell.theme}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <aside class="sidebar" data-side="left">
        <nav aria-label="Main">
          <Menu shell={shell} current={frame.nav} />
        </nav>
      </aside>
      <div class="min-w-0">
        <TopBar shell={shell} frame={frame} />
        <main id="main" tabindex={-1} class="page">
          {children}
        </main>
      </div>
      <Palette groups={shell.groups} tenant={shell.place?.tenant ?? null} />
      <KeysDialog {...shell} path={keysPath(shell)} next={shell.path} />
      <Toaster toasts={shell.toasts} />
    </Document>
  );
}

const keysPath = ({ place }: Shell) => accountPath(place?.tenant ?? null, '/keyboard');

function Menu({ shell, current }: { shell: Shell; current: NavId | null }) {
  return (
    <>
      <header>
        <Switcher place={shell.place} />
      </header>
      <section>
        {shell.groups.map(({ name, items }) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
          <div role="group" aria-label={name ?? undefined}>
            {name === null ? null : <h3 safe>{name}</h3>}
            <ul>
              {items.map((item) => (
                <MenuEntry item={item} current={current} />
              ))}
            </ul>
          </div>
        ))}
      </section>
      <footer>
        <Account person={shell.person} place={shell.place} />
      </footer>
    </>
  );
}

function MenuEntry({ item, current }: { item: NavEntry; current: NavId | null }) {
  return (
    <li>
      <a
        href={item.href}
        title={item.name}
        aria-current={item.id === current ? 'page' : undefined}
        data-go={item.key}
      >
        <Icon name={item.icon} />
        <span class="flex-1" safe>
          {item.name}
        </span>
      </a>
    </li>
  );
}

function Switcher({ place }: { place: Place | null }) {
  return (
    <a
      href={place === null ? '/' : tenantPath(place.tenant, '/projects')}
      title="Switch project or tenant"
      class="flex h-10 items-center gap-2.5 rounded-md px-2 hover:bg-sidebar-accent"
    >
      <Logo class="size-6 shrink-0" />
      <span class="side-label min-w-0 flex-1">
        <span class="block truncate text-sm leading-4 font-semibold text-foreground" safe>
          {place?.tenant.name ?? 'opsforge'}
        </span>
        <span class="block truncate text-xs leading-4 text-muted-foreground" safe>
          {place === null ? 'Your tenants' : (place.project?.name ?? 'All projects')}
        </span>
      </span>
      <span class="side-label text-muted-foreground">
        <Icon name="chevrons-up-down" class="size-3.5" />
      </span>
    </a>
  );
}

function Account({ person, place }: { person: Shell['person']; place: Place | null }) {
  return (
    <div class="flex h-9 items-center gap-1">
      <a
        href={accountPath(place?.tenant ?? null)}
        title={`${person.name}: sign-in and sessions`}
        class="flex h-9 min-w-0 flex-1 items-center gap-2.5 rounded-md px-2 hover:bg-sidebar-accent"
      >
        <Avatar name={person.name} class="size-6" />
        <span class="side-label min-w-0 flex-1 truncate text-sm" safe>
          {person.name}
        </span>
        <span class="side-label text-2xs text-muted-foreground capitalize">{person.role}</span>
      </a>
      <form method="post" action="/sign-out" class="side-label">
        <Button label="Sign out" icon="log-out" type="submit" variant="ghost" size="icon-sm" />
      </form>
    </div>
  );
}

function TopBar({ shell, frame }: { shell: Shell; frame: PageFrame }) {
  return (
    <header class="topbar">
      <details class="phone-menu md:hidden" id="menu">
        <summary class="btn" data-variant="ghost" data-size="icon-sm" aria-label="Menu">
          <Icon name="menu" />
          <Icon name="x" />
        </summary>
        <nav class="sidebar-list" aria-label="Menu">
          <Menu shell={shell} current={frame.nav} />
        </nav>
      </details>
      <Breadcrumb frame={frame} />
      <div class="ml-auto flex items-center gap-1.5">
        <button
          type="button"
          class="needs-script chip w-8 justify-center text-muted-foreground sm:w-56 sm:justify-start lg:w-72"
          data-open="palette"
          aria-label="Search or jump to"
          aria-keyshortcuts="Meta+K Control+K"
        >
          <Icon name="search" />
          <span class="max-sm:hidden">Search or jump to</span>
          <kbd class="kbd ml-auto max-sm:hidden">⌘K</kbd>
        </button>
        {frame.live && shell.place !== null ? (
          <LiveBadge place={shell.place} nowMs={shell.nowMs} />
        ) : null}
        <ThemeForm path={shell.path} />
      </div>
    </header>
  );
}

function Breadcrumb({ frame }: { frame: PageFrame }) {
  return (
    <nav class="breadcrumb min-w-0" aria-label="Breadcrumb">
      <ol class="flex-nowrap!">
        {frame.crumbs.map(({ name, href }) => (
          <>
            <li class="min-w-0 max-sm:hidden">
              <a href={href} safe>
                {name}
              </a>
            </li>
            <li aria-hidden="true" class="max-sm:hidden">
              <Icon name="chevron-right" class="size-3.5" />
            </li>
          </>
        ))}
        <li class="min-w-0">
          <span aria-current="page" class="truncate" safe>
            {frame.title}
          </span>
        </li>
      </ol>
    </nav>
  );
}

/** What feeds the page, for script; it writes "Reconnecting" into it when that is lost. */
function LiveBadge({ place, nowMs }: { place: Place; nowMs: number }) {
  return (
    <span
      class="live needs-script"
      id="live"
      role="status"
      data-stream={projectPath(place, '/live')}
      data-now={new Date(nowMs).toISOString()}
    >
      <i />
      <span data-live-words>Live</span>
    </span>
  );
}

function ThemeForm({ path }: { path: string }) {
  return (
    <form method="post" action="/theme" data-theme-form>
      <input type="hidden" name="next" value={path} />
      <button
        type="submit"
        class="btn"
        data-variant="ghost"
        data-size="icon-sm"
        aria-label="Switch theme"
        title="Switch theme"
      >
        <Icon name="sun-moon" />
      </button>
    </form>
  );
}

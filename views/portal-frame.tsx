/** Around the pages of a portal: the tenant's name in place of the shell, and how long it holds. */
import type { Children } from '@kitajs/html';
import { formatMinute } from './components/format.ts';
import { Until } from './components/text.tsx';
import { type Toast, Toaster } from './components/toast.tsx';
import { Document, type PageFiles, type Theme } from './document.tsx';

export type PortalFrameProps = {
  title: string;
  files: PageFiles;
  theme: Theme;
  path: string;
  brand: string;
  /** The tenant's. */
  name: string;
  customer: string;
  /** RFC 3339 */
  expiresAt: string;
  nowMs: number;
  toasts: readonly Toast[];
  children: Children;
};

export function PortalFrame(props: PortalFrameProps) {
  const { title, files, theme, path, brand, name, customer, expiresAt, nowMs, children } = props;
  return (
    <Document title={`${title} · ${name}`} files={files} theme={theme} brand={brand}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <PortalHead path={path} name={name} customer={customer} />
      <main
        id="main"
        tabindex={-1}
        class="mx-auto flex w-full max-w-5xl flex-col gap-5 px-4 pt-6 pb-4"
      >
        {children}
      </main>
      <footer class="mx-auto w-full max-w-5xl px-4 pb-6">
        <div class="num flex flex-wrap justify-between gap-2 border-t pt-4 text-xs text-muted-foreground">
          <span>
            <span safe>{`This link is for ${customer} and ends `}</span>
            <Until at={expiresAt} nowMs={nowMs} />
            <span safe>{`, ${formatMinute(expiresAt)}.`}</span>
          </span>
          <span>Delivered by opsforge</span>
        </div>
      </footer>
      <Toaster toasts={props.toasts} />
    </Document>
  );
}

/** Of the settings' preview too. */
export function PortalHead(props: { path: string; name: string; customer: string }) {
  const { path, name, customer } = props;
  return (
    <header class="border-b">
      <div class="mx-auto flex h-14 max-w-5xl items-center gap-3 px-4">
        <a
          class="flex min-w-0 items-center gap-2.5 text-base font-semibold tracking-tight"
          href={path}
        >
          <span
            class="flex size-7 shrink-0 items-center justify-center rounded-md bg-primary text-primary-foreground"
            aria-hidden="true"
            safe
          >
            {name.slice(0, 1).toUpperCase()}
          </span>
          <span class="truncate" safe>
            {name}
          </span>
        </a>
        <span class="ml-auto truncate text-muted-foreground" safe>
          {customer}
        </span>
      </div>
    </header>
  );
}

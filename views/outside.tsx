/**
 * A page outside the shell: the name, one panel, a line below it. Nothing of it may depend on who
 * is signed in, or on what is broken.
 */
import type { Children } from '@kitajs/html';
import { Logo } from './components/icon.tsx';
import { Document, type PageFiles, type Theme } from './document.tsx';

export type OutsideShell = { files: PageFiles; theme: Theme };

export function Outside(props: {
  shell: OutsideShell;
  title: string;
  wide?: boolean;
  reloadSeconds?: number | undefined;
  /** Of the panel. */
  footer?: Children;
  /** Below the panel. */
  note?: Children;
  children: Children;
}) {
  const { shell, title, wide = false, reloadSeconds, children } = props;
  const { footer: safeFooter, note: safeNote } = props;
  return (
    <Document title={title} {...shell} class="bg-subtle" reloadSeconds={reloadSeconds}>
      <main id="main" class="auth">
        <div class="flex items-center gap-2.5 text-lg font-semibold tracking-tight">
          <Logo class="size-7" />
          opsforge
        </div>
        <section class={['card w-full', wide ? 'max-w-lg' : 'max-w-sm']}>
          <section class="flex flex-col gap-4 p-6!">{children}</section>
          {safeFooter ? <footer class="px-6!">{safeFooter}</footer> : null}
        </section>
        {safeNote ? <p class="num text-center text-xs text-muted-foreground">{safeNote}</p> : null}
      </main>
    </Document>
  );
}

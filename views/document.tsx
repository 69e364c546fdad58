/** The outermost of every page: head, theme, files. No inline script or style, here or anywhere. */
import type { Children } from '@kitajs/html';

/** What the browser loads, by addresses that hold a hash. */
export type PageFiles = {
  styles: string;
  script: string;
  theme: string;
  font: string;
  icon: string;
};

/** `null`: nobody chose; a small script asks the system before the first line is drawn. */
export type Theme = 'light' | 'dark' | null;

/** No style element and no evaluation by htmx: the policy of our pages forbids both. */
const htmxConfig = JSON.stringify({ includeIndicatorCSS: false, history: 'reload' });

export function Document(props: {
  title: string;
  files: PageFiles;
  theme: Theme;
  class?: string;
  /** The address of a tenant's own colours. */
  brand?: string;
  /** Seconds until it is loaded again by itself. */
  reloadSeconds?: number | undefined;
  children: Children;
}) {
  const { title, files, theme, brand, reloadSeconds, children } = props;
  return (
    <>
      {'<!doctype html>'}
      <html lang="en" class={[theme === 'dark' && 'dark', brand !== undefined && 'brand']}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="htmx-config" content={htmxConfig} />
          {reloadSeconds === undefined ? null : (
            <meta http-equiv="refresh" content={String(reloadSeconds)} />
          )}
          <title safe>{brand === undefined ? `${title} · opsforge` : title}</title>
          <link rel="icon" href={files.icon} type="image/svg+xml" />
          <link
            rel="preload"
            href={files.font}
            as="font"
            type="font/woff2"
            crossorigin="anonymous"
          />
          <link rel="stylesheet" href={files.styles} />
          {brand === undefined ? null : <link rel="stylesheet" href={brand} />}
          {theme === null ? <script src={files.theme} /> : null}
          <script src={files.script} defer />
        </head>
        <body class={props.class}>{children}</body>
      </html>
    </>
  );
}

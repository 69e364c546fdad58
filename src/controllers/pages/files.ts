/** The addresses of what every page loads. */
import type { PageFiles } from '../../../views/document.tsx';
import type { Assets } from '../assets.ts';

export type LoadFiles = () => Promise<PageFiles>;

/** Hashed once, when the first page is asked for. */
export function createFiles(assets: Assets): LoadFiles {
  let loading: Promise<PageFiles> | null = null;
  const load = async (): Promise<PageFiles> => {
    const names = ['app.css', 'app.js', 'theme.js', 'inter-latin.woff2', 'icon.svg'];
    const [styles = '', script = '', theme = '', font = '', icon = ''] = await Promise.all(
      names.map((name) => assets.urlOf(name)),
    );
    return { styles, script, theme, font, icon };
  };
  return () => {
    loading ??= load();
    return loading;
  };
}

/** The cookies that only say how a page looks: theme, and what to say on the next page. */
import type { Toast } from '../../../views/components/toast.tsx';
import type { Theme } from '../../../views/document.tsx';

const themeName = 'opsforge_theme';
const flashName = 'opsforge_flash';
const themeSeconds = 31_536_000;
/** Long enough for the redirect that follows at once. */
const flashSeconds = 60;
const toastTextMax = 300;

export function readTheme(request: Request): Theme {
  const value = cookiesOf(request).get(themeName);
  return value === 'dark' || value === 'light' ? value : null;
}

/** Script may read and write it too: nothing hangs on it. */
export function themeCookie(theme: 'light' | 'dark', secure: boolean): string {
  const cookie = { path: '/', maxAge: themeSeconds, sameSite: 'lax', secure } as const;
  return new Bun.Cookie(themeName, theme, cookie).serialize();
}

/** What a redirect says on the page that it leads to. */
export function flashCookie(toast: Toast, secure: boolean): string {
  const { tone, title, text } = toast;
  const cut = (words: string) => words.slice(0, toastTextMax);
  const said = { tone, title: cut(title), ...(text === undefined ? {} : { text: cut(text) }) };
  const value = Buffer.from(JSON.stringify(said)).toString('base64url');
  const cookie = {
    path: '/',
    maxAge: flashSeconds,
    httpOnly: true,
    sameSite: 'lax',
    secure,
  } as const;
  return new Bun.Cookie(flashName, value, cookie).serialize();
}

/** Null when there is none, or none that we wrote: the browser may hold anything. */
export function readFlash(request: Request): Toast | null {
  const value = cookiesOf(request).get(flashName);
  if (value === null) return null;
  try {
    const said: unknown = JSON.parse(Buffer.from(value, 'base64url').toString());
    const { tone, title, text } = Object(said);
    if ((tone !== 'ok' && tone !== 'bad') || typeof title !== 'string') return null;
    const toast = { tone, title: title.slice(0, toastTextMax) };
    return typeof text === 'string' ? { ...toast, text: text.slice(0, toastTextMax) } : toast;
  } catch {
    return null; // Not written by us: there is nothing to say.
  }
}

export function droppedFlash(): string {
  return new Bun.Cookie(flashName, '', { path: '/', maxAge: 0 }).serialize();
}

function cookiesOf(request: Request): Bun.CookieMap {
  return new Bun.CookieMap(request.headers.get('cookie') ?? '');
}

/** The cookies that only say how pages look and behave: theme, keys, what to say on the next. */
import type { Toast } from '../../../views/components/toast.tsx';
import type { Theme } from '../../../views/document.tsx';
import { isSecureUrl, readCookie, setCookie } from '../session-cookie.ts';

const themeName = 'opsforge_theme';
const flashName = 'opsforge_flash';
const themeSeconds = 31_536_000;
/** Long enough for the redirect that follows at once. */
const flashSeconds = 60;
const toastTextMax = 300;

export function readTheme(request: Request): Theme {
  const cookies = new Bun.CookieMap(request.headers.get('cookie') ?? '');
  const value = cookies.get(themeName);
  return value === 'dark' || value === 'light' ? value : null;
}

/** Script may read and write it too: nothing hangs on it. */
export function themeCookie(publicUrl: string, theme: 'light' | 'dark'): string {
  const secure = isSecureUrl(publicUrl);
  const cookie = { path: '/', maxAge: themeSeconds, sameSite: 'lax', secure } as const;
  return new Bun.Cookie(themeName, theme, cookie).serialize();
}

const keysName = 'opsforge_keys';
const keysSeconds = 31_536_000;

/** Whether keys without ⌘ or Ctrl do something: unless this browser's reader turned them off. */
export function readSingleKeys(request: Request, publicUrl: string): boolean {
  return readCookie(request, publicUrl, keysName) !== 'off';
}

export function singleKeysCookie(publicUrl: string, single: 'on' | 'off'): string {
  return setCookie(publicUrl, keysName, single, keysSeconds);
}

const placeName = 'opsforge_project';
const placeSeconds = 31_536_000;

/** The project that was last open in this tenant, so that a tenant's own pages keep its menu. */
export function readLastProject(
  request: Request,
  publicUrl: string,
  tenantSlug: string,
): string | null {
  const [tenant, project] = readCookie(request, publicUrl, placeName)?.split('/') ?? [];
  return tenant === tenantSlug ? (project ?? null) : null;
}

export function lastProjectCookie(
  publicUrl: string,
  tenant: { slug: string },
  project: { slug: string },
): string {
  return setCookie(publicUrl, placeName, `${tenant.slug}/${project.slug}`, placeSeconds);
}

/** What a redirect says on the page that it leads to. */
export function flashCookie(publicUrl: string, toast: Toast): string {
  const { tone, title, text } = toast;
  const cut = (words: string) => words.slice(0, toastTextMax);
  const said = { tone, title: cut(title), ...(text === undefined ? {} : { text: cut(text) }) };
  const value = Buffer.from(JSON.stringify(said)).toString('base64url');
  return setCookie(publicUrl, flashName, value, flashSeconds);
}

/** Null when there is none, or none that we wrote: the browser may hold anything. */
export function readFlash(request: Request, publicUrl: string): Toast | null {
  const value = readCookie(request, publicUrl, flashName);
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

export function droppedFlash(publicUrl: string): string {
  return setCookie(publicUrl, flashName, '', 0);
}

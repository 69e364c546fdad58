/**
 * The cookie of a session. HttpOnly, so that no script reads it, and SameSite=Lax, so that other
 * sites' forms come without it. Where PUBLIC_URL is https also Secure and `__Host-`: then no other
 * host of the same domain can set it.
 */
import { sessionLifetimeMs } from '../domain/session-times.ts';

const cookieName = 'opsforge_session';

export const isSecureUrl = (publicUrl: string) => publicUrl.startsWith('https:');

/** With the prefix that binds a cookie to its host, where that can be. */
function hostCookieName(publicUrl: string, name: string): string {
  return isSecureUrl(publicUrl) ? `__Host-${name}` : name;
}

/** A `Set-Cookie` header; `maxAgeSeconds` 0 takes the cookie away. */
export function setCookie(
  publicUrl: string,
  name: string,
  value: string,
  maxAgeSeconds: number,
): string {
  const secure = isSecureUrl(publicUrl) ? '; Secure' : '';
  const full = hostCookieName(publicUrl, name);
  return `${full}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

export function readCookie(request: Request, publicUrl: string, name: string): string | null {
  const wanted = `${hostCookieName(publicUrl, name)}=`;
  const parts = request.headers.get('cookie')?.split(';') ?? [];
  const found = parts.map((part) => part.trim()).find((part) => part.startsWith(wanted));
  return found === undefined ? null : found.slice(wanted.length);
}

export function sessionCookie(publicUrl: string, token: string): string {
  return setCookie(publicUrl, cookieName, token, sessionLifetimeMs / 1_000);
}

export function endedSessionCookie(publicUrl: string): string {
  return setCookie(publicUrl, cookieName, '', 0);
}

export function readSessionToken(request: Request, publicUrl: string): string | null {
  return readCookie(request, publicUrl, cookieName);
}

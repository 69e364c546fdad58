/** Pages as answers: their headers, and how htmx is told where to go and what to say. */
import type { Toast } from '../../../views/components/toast.tsx';

const ownFrames = "frame-ancestors 'none'";

/** Nothing from elsewhere or inline, in nobody's frame. `data:` for Basecoat's small pictures. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  ownFrames,
].join('; ');

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy,
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  // Our own pages learn where a form was sent from; others learn nothing.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** `frameAncestors`: the directive of a page that others may frame, made by domain/portal.ts. */
export function htmlResponse(
  html: string,
  options: {
    status?: number;
    headers?: Record<string, string>;
    cookies?: string[];
    frameAncestors?: string;
  } = {},
): Response {
  const { frameAncestors = ownFrames } = options;
  const headers = new Headers({ ...pageHeaders, ...options.headers });
  if (frameAncestors !== ownFrames) {
    headers.set(
      'content-security-policy',
      contentSecurityPolicy.replace(ownFrames, frameAncestors),
    );
    // It knows no list of origins, and would forbid what the policy allows.
    headers.delete('x-frame-options');
  }
  for (const cookie of options.cookies ?? []) headers.append('set-cookie', cookie);
  return new Response(html, { status: options.status ?? 200, headers });
}

/** A text that any page may frame: there is no link or button in it to be tricked into pressing. */
export function plainResponse(
  text: string,
  options: { status: number; headers: Record<string, string> },
): Response {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'no-store',
    ...options.headers,
  };
  return new Response(text, { status: options.status, headers });
}

/** Of one tenant, and changed whenever its people like. */
export function stylesResponse(styles: string): Response {
  const headers = { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(styles, { headers });
}

/**
 * What htmx asked for: one part of the page, by the id of what it will replace. Null for whole
 * pages, also those that htmx puts into the body (`HX-Request-Type: full`).
 */
export function wantedPart(request: Request): { id: string } | null {
  const { headers } = request;
  if (headers.get('hx-request') !== 'true' || headers.get('hx-request-type') === 'full')
    return null;
  const [, id = ''] = (headers.get('hx-target') ?? '').split('#');
  return { id };
}

/** After what was done: a redirect; htmx, which would follow it unseen, is told to go there. */
export function goTo(request: Request, path: string, cookies: string[]): Response {
  const headers = new Headers({ 'cache-control': 'no-store' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  if (wantedPart(request) === null) {
    headers.set('location', path);
    return new Response(null, { status: 303, headers });
  }
  headers.set('hx-redirect', path);
  return new Response(null, { status: 204, headers });
}

/** To htmx, of a part that failed: it stays as it is, and what went wrong is said beside it. */
export function failedPart(
  words: Pick<Toast, 'title' | 'text'>,
  options: { status: number; headers?: Record<string, string> | undefined },
): Response {
  const { status } = options;
  const trigger = toastTrigger({ tone: 'bad', ...words });
  const headers = { ...options.headers, 'hx-reswap': 'none', 'hx-trigger': trigger };
  return htmlResponse('', { status, headers });
}

/** The value of `HX-Trigger` that shows a toast; headers are ASCII. */
export function toastTrigger(toast: Toast): string {
  const escaped = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify({ toast }).replace(/[\u007f-\uffff]/g, escaped);
}

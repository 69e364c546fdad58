/** What every answer's headers must keep, whatever it answers; and when two refusals look alike. */
import type { Answer } from '../api.ts';

/** Holds nothing secret, and script of the page writes it too. */
const readableCookies = ['opsforge_theme'];

/** Of answers under an https PUBLIC_URL. None when all is well. */
export function findHeaderOffences({ status, headers }: Answer): string[] {
  const offences: string[] = [];
  const want = (name: string, value: string | RegExp) => {
    const found = headers.get(name);
    const holds = typeof value === 'string' ? found === value : value.test(found ?? '');
    if (!holds) offences.push(`${status}: ${name} is ${found}`);
  };
  want('x-content-type-options', 'nosniff');
  want('referrer-policy', /^(?:no-referrer|same-origin|strict-origin)$/);
  want('strict-transport-security', /^max-age=\d{8,}/);
  want('x-request-id', /./);
  const isAsset = status === 200 && headers.get('cache-control')?.includes('immutable');
  if (!isAsset) want('cache-control', 'no-store');
  if (headers.get('content-type')?.startsWith('text/html')) {
    want('content-security-policy', /^default-src 'none';/);
    want('content-security-policy', /frame-ancestors 'none'/);
    want('content-security-policy', /base-uri 'none'/);
    want('content-security-policy', /form-action '(?:self|none)'/);
    want('content-security-policy', /^(?!.*(?:unsafe|\*|https?:))/);
    want('x-frame-options', 'DENY');
  }
  for (const cookie of headers.getSetCookie()) {
    const [pair = '', ...attributes] = cookie.split('; ');
    const name = pair.split('=')[0] ?? '';
    const isReadable = readableCookies.includes(name);
    const missing = [
      'Path=/',
      'SameSite=Lax',
      'Secure',
      ...(isReadable ? [] : ['HttpOnly']),
    ].filter((attribute) => !attributes.includes(attribute));
    if (!isReadable && !name.startsWith('__Host-')) missing.push('__Host-');
    if (missing.length > 0) offences.push(`the cookie ${name} lacks ${missing}`);
  }
  return offences;
}

/**
 * The answer without what differs in any case: when, which request, and the parts of the address
 * that were asked for, each under a name.
 */
export function comparable(answer: Answer, asked: Readonly<Record<string, string>>): string {
  const { status, headers, text } = answer;
  const id = headers.get('x-request-id') ?? '';
  const told = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  let words = JSON.stringify([status, told, text]).replaceAll(id, 'REQUEST');
  for (const [name, value] of Object.entries(asked)) words = words.replaceAll(value, name);
  // Lists are read from a moment on, as the least id of its millisecond.
  const timed = words.replace(/[0-9a-f]{8}-[0-9a-f]{4}(?=-0000-0000-0{12})/g, 'TIME');
  return timed
    .replace(/\d\d:\d\d(?::\d\d)? UTC/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

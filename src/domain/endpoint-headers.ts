/**
 * The headers that an endpoint's owner adds to each of its requests: they may not speak for
 * opsforge, change how the message is framed or whom it reaches, nor smuggle a second request in.
 * Their values are secrets (tokens, mostly): shown nowhere, masked in the record of an attempt.
 */
import { AppError, type FieldError } from './errors.ts';

export const ownHeadersMax = 32;
export const headerNameLengthMax = 128;
export const headerValueLengthMax = 4096;

/** RFC 9110 5.6.2 `token`. */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII, space and tab: no CR, LF or NUL, and nothing that encodings are guessed for. */
const valuePattern = /^[\x20-\x7e\t]*$/;

/** Whom the request reaches, where it ends, and what belongs to one connection only. */
const refusedNames = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'expect',
]);
/** `webhook-` and `opsforge-` are our word to the receiver, `proxy-` is for the hop between. */
const refusedPrefixes = ['webhook-', 'opsforge-', 'proxy-'];

/** @throws AppError `invalid` naming each bad header as `headers.<name>` */
export function checkEndpointHeaders(headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers);
  const fields: FieldError[] = [];
  if (entries.length > ownHeadersMax) {
    fields.push({ path: 'headers', message: `must be at most ${ownHeadersMax} headers` });
  }
  const seen = new Set<string>();
  for (const [name, value] of entries.slice(0, ownHeadersMax)) {
    const path = `headers.${name.slice(0, headerNameLengthMax)}`;
    const lowerCaseName = name.toLowerCase();
    const message = seen.has(lowerCaseName)
      ? 'stands twice (names differ in case only)'
      : (nameProblem(lowerCaseName) ?? valueProblem(value));
    if (message !== null) fields.push({ path, message });
    seen.add(lowerCaseName);
  }
  const first = fields[0];
  if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { fields });
}

function nameProblem(name: string): string | null {
  if (name.length > headerNameLengthMax) {
    return `name must be at most ${headerNameLengthMax} characters`;
  }
  if (!tokenPattern.test(name)) return 'is not a header name';
  if (refusedNames.has(name) || refusedPrefixes.some((prefix) => name.startsWith(prefix))) {
    return 'is set by opsforge and cannot be given';
  }
  return null;
}

function valueProblem(value: string): string | null {
  if (value.length > headerValueLengthMax) {
    return `value must be at most ${headerValueLengthMax} characters`;
  }
  return valuePattern.test(value)
    ? null
    : 'value must be visible ASCII, spaces and tabs (no line breaks)';
}

export const maskedValue = '[masked]';

/** The request's headers as an attempt records them; `ownNames` in any case. */
export function maskHeaders(
  requestHeaders: Readonly<Record<string, string>>,
  ownNames: Iterable<string>,
): Record<string, string> {
  const own = new Set<string>();
  for (const name of ownNames) own.add(name.toLowerCase());
  // fromEntries defines properties, so a header named __proto__ is one like any other.
  return Object.fromEntries(
    Object.entries(requestHeaders).map(([name, value]) => [
      name,
      own.has(name.toLowerCase()) ? maskedValue : value,
    ]),
  );
}

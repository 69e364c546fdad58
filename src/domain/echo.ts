/**
 * The built-in receiver, for who has none yet. Its name is below .invalid, which never resolves
 * (RFC 2606), so no request can leave for it: outbound/echo.ts answers in its place.
 */
export const echoUrl = 'http://echo.invalid/';

export function isEcho(url: string): boolean {
  return URL.parse(url)?.hostname === 'echo.invalid';
}

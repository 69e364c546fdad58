/**
 * `Strict-Transport-Security` on every answer that goes out over https, and on no other. opsforge
 * itself speaks http: that a proxy in front of it speaks https is what the proxy says, where it is
 * trusted, else what PUBLIC_URL says.
 */
import { remoteProtocol } from './remote-address.ts';
import { isSecureUrl } from './session-cookie.ts';

export const transportSecurityName = 'strict-transport-security';
const oneYear = 'max-age=31536000';

/** The header's value; null over http. */
export function transportSecurity(request: Request, publicUrl: string): string | null {
  const protocol = remoteProtocol(request);
  const isSecure = protocol === null ? isSecureUrl(publicUrl) : protocol === 'https';
  return isSecure ? oneYear : null;
}

/**
 * Where a request comes from: held beside it by whoever listens, since only the server knows the
 * connection. X-Forwarded-For is believed from TRUSTED_PROXIES alone.
 */
import type { Cidr } from '../domain/addresses.ts';
import { clientAddress } from '../domain/forwarded.ts';

const clients = new WeakMap<Request, string | null>();

/** Once for each request, before anything asks. `peer` is the other end of the connection. */
export function noteClient(
  request: Request,
  peer: string | null,
  trustedProxies: readonly Cidr[],
): void {
  const forwardedFor = request.headers.get('x-forwarded-for');
  clients.set(request, clientAddress(peer, forwardedFor, trustedProxies));
}

/** In canonical spelling; null when it is not known, as for a Unix socket. */
export function remoteAddress(request: Request): string | null {
  return clients.get(request) ?? null;
}

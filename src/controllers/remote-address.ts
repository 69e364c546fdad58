/**
 * Where a request comes from, and how: held beside it by whoever listens, since only the server
 * knows the connection. X-Forwarded-For and -Proto are believed from TRUSTED_PROXIES alone.
 */
import type { Cidr } from '../domain/addresses.ts';
import { clientAddress, clientProtocol } from '../domain/forwarded.ts';

type Client = { address: string | null; protocol: 'http' | 'https' | null };

const clients = new WeakMap<Request, Client>();

/** Once for each request, before anything asks. `peer` is the other end of the connection. */
export function noteClient(
  request: Request,
  peer: string | null,
  trustedProxies: readonly Cidr[],
): void {
  const { headers } = request;
  clients.set(request, {
    address: clientAddress(peer, headers.get('x-forwarded-for'), trustedProxies),
    protocol: clientProtocol(peer, headers.get('x-forwarded-proto'), trustedProxies),
  });
}

/** In canonical spelling; null when it is not known, as for a Unix socket. */
export function remoteAddress(request: Request): string | null {
  return clients.get(request)?.address ?? null;
}

/** What the client speaks to the proxy; null when no trusted proxy says. */
export function remoteProtocol(request: Request): 'http' | 'https' | null {
  return clients.get(request)?.protocol ?? null;
}

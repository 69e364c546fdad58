/**
 * What a browser sends by itself, it sends for other sites too: a request that changes something
 * and is believed for its cookie must come from our own pages. Browsers say so in `Sec-Fetch-Site`,
 * older ones in `Origin`; who says neither is no browser and has an API key.
 */
import { AppError } from '../domain/errors.ts';
import { remoteProtocol } from './remote-address.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Throws AppError `forbidden`. */
export function requireSameOrigin(request: Request, publicUrl: string): void {
  if (safeMethods.has(request.method) || isSameOrigin(request, publicUrl)) return;
  throw new AppError(
    'forbidden',
    'A request that changes something must come from opsforge’s own pages when a session ' +
      'authenticates it: use an API key from elsewhere.',
  );
}

function isSameOrigin(request: Request, publicUrl: string): boolean {
  const { headers } = request;
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = URL.parse(headers.get('origin') ?? '');
  if (origin === null) return false;
  // Another site for browsers, which whoever sits in the network can write at will.
  const protocol = remoteProtocol(request);
  if (protocol !== null && origin.protocol !== `${protocol}:`) return false;
  // Behind a proxy that gives another Host, the public name stands for it.
  return [headers.get('host'), URL.parse(publicUrl)?.host].includes(origin.host);
}

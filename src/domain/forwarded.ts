/**
 * Who is behind a proxy. Each proxy appends to `X-Forwarded-For` whom it was asked by, and whoever
 * asks may have written anything before that: only what trusted proxies appended is believed, so
 * the client is the rightmost address that is not a trusted proxy itself.
 */
import { type Cidr, canonicalAddress, isWithinAny } from './addresses.ts';

/** More hops than any installation has; a longer list is somebody's attempt. */
const hopsMax = 20;

/** `peer` is the other end of the connection. */
export function clientAddress(
  peer: string | null,
  forwardedFor: string | null,
  trusted: readonly Cidr[],
): string | null {
  let client = peer === null ? null : canonicalAddress(peer);
  const hops = (forwardedFor ?? '').split(',').slice(-hopsMax);
  while (client !== null && isWithinAny(client, trusted)) {
    const before = addressOf(hops.pop() ?? '');
    if (before === null) break;
    client = before;
  }
  return client;
}

/**
 * How the client reached the proxy; null when no trusted proxy says. Where several wrote, the last
 * is the peer's own word.
 */
export function clientProtocol(
  peer: string | null,
  forwardedProto: string | null,
  trusted: readonly Cidr[],
): 'http' | 'https' | null {
  if (peer === null || forwardedProto === null) return null;
  const address = canonicalAddress(peer);
  if (address === null || !isWithinAny(address, trusted)) return null;
  const said = forwardedProto.split(',').at(-1)?.trim().toLowerCase();
  return said === 'https' || said === 'http' ? said : null;
}

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressOf(hop: string): string | null {
  const text = hop.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1];
  return canonicalAddress(bare ?? text);
}

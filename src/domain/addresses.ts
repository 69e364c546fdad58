/**
 * Which addresses opsforge may be made to talk to, and which URLs may name them.
 * Anything that is not plainly a public unicast address is refused, whatever spelling or
 * IPv4-in-IPv6 carrier it comes in; the operator's own ranges open holes, except for what never
 * names one host.
 * Pure: resolving names and pinning connections is outbound/address-guard.ts.
 */
import ipaddr from 'ipaddr.js';
import { addressRanges, globallyReachable, isatapInterfaceIds } from './address-ranges.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** A range such as 10.0.0.0/8; `text` is as it was given. */
export type Cidr = { text: string; network: Network };

export const outboundUrlLengthMax = 2048;

const hostNameLengthMax = 253;
const hostLabelLengthMax = 63;

const deniedRanges = addressRanges.map((range) => ({
  ...range,
  network: ipaddr.parseCIDR(range.cidr),
}));
const exceptions = globallyReachable.map((cidr) => ipaddr.parseCIDR(cidr));
const globalUnicast = ipaddr.parseCIDR('2000::/3');
/** RFC 6052: the last 32 bits are where a translator sends the packet on to. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96');
const ipv4Mapped = ipaddr.parseCIDR('::ffff:0:0/96');

/** Takes `10.0.0.0/8`, `fd00::/8` or one address; null for anything else. Host bits are ignored. */
export function parseCidr(text: string): Cidr | null {
  const trimmed = text.trim();
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(trimmed) || ipaddr.IPv6.isValidCIDR(trimmed)) {
    return { text: trimmed, network: ipaddr.parseCIDR(trimmed) };
  }
  if (ipaddr.IPv4.isValidFourPartDecimal(trimmed)) {
    return { text: trimmed, network: [ipaddr.IPv4.parse(trimmed), 32] };
  }
  if (!trimmed.includes('%') && ipaddr.IPv6.isValid(trimmed)) {
    return { text: trimmed, network: [ipaddr.IPv6.parse(trimmed), 128] };
  }
  return null;
}

/**
 * The one spelling that is compared and connected to: no zone id, no brackets, IPv4-mapped as the
 * IPv4 address that the system would connect to. Null when `ip` is no address.
 */
export function canonicalAddress(ip: string): string | null {
  const address = parseAddress(ip);
  if (address === null) return null;
  const embedded = within(address, ipv4Mapped) ? lastIpv4(address) : null;
  return (embedded ?? address).toString();
}

/** False for what is no address. */
export function isWithinAny(ip: string, cidrs: readonly Cidr[]): boolean {
  const address = parseAddress(ip);
  return address !== null && cidrs.some((cidr) => within(address, cidr.network));
}

export function isLoopback(ip: string): boolean {
  const address = parseAddress(canonicalAddress(ip) ?? '');
  return address !== null && address.range() === 'loopback';
}

/**
 * Why nothing may be sent to `ip`: the range and what it is for, or null when it may be reached.
 * `allowed` overrides every range but those marked `always`.
 */
export function forbiddenReason(ip: string, allowed: readonly Cidr[]): string | null {
  const address = parseAddress(ip);
  return address === null ? 'not an IP address' : reasonFor(address, allowed);
}

function reasonFor(address: Address, allowed: readonly Cidr[]): string | null {
  const never = alwaysDenied(address) ?? alwaysDenied(carriedIpv4(address));
  if (never !== null) return never;
  if (allowed.some((cidr) => within(address, cidr.network))) return null;
  if (within(address, nat64)) {
    const reason = reasonFor(lastIpv4(address), allowed);
    return reason === null ? null : `${reason}, inside NAT64 64:ff9b::/96`;
  }
  if (exceptions.some((network) => within(address, network))) return null;
  const denied = deniedRanges.find((range) => within(address, range.network));
  if (denied) return describe(denied);
  if (address.kind() === 'ipv4') return null;
  if (!within(address, globalUnicast)) return 'outside 2000::/3 (not public IPv6)';
  const tunnelled = isatapIpv4(address);
  const reason = tunnelled === null ? null : reasonFor(tunnelled, allowed);
  return reason === null ? null : `${reason}, inside an ISATAP address`;
}

function describe(range: { cidr: string; what: string }): string {
  return `in ${range.cidr} (${range.what})`;
}

function alwaysDenied(address: Address | null): string | null {
  if (address === null) return null;
  const range = deniedRanges.find((each) => each.always && within(address, each.network));
  return range ? describe(range) : null;
}

/** The IPv4 address that a carrier whose route is fixed leads to, allowed or not. */
function carriedIpv4(address: Address): ipaddr.IPv4 | null {
  return within(address, ipv4Mapped) || within(address, nat64) ? lastIpv4(address) : null;
}

function isatapIpv4(address: Address): ipaddr.IPv4 | null {
  const bytes = address.toByteArray();
  const interfaceId = Buffer.from(bytes.slice(8, 12)).toString('hex');
  return isatapInterfaceIds.includes(interfaceId) ? lastIpv4(address) : null;
}

function lastIpv4(address: Address): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
}

/** ipaddr.js throws when the two are of different families. */
function within(address: Address, network: Network): boolean {
  return address.kind() === network[0].kind() && address.match(network);
}

/** Strict: resolvers and WHATWG URLs give four-part decimal, so nothing else is an IPv4 address. */
function parseAddress(ip: string): Address | null {
  const bare = ip.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  const hex = bare.replace(/[^:]+$/, dottedAsHex);
  return ipaddr.IPv6.isValid(hex) ? ipaddr.IPv6.parse(hex) : null;
}

/**
 * ipaddr.js 2.5.0 reads `::8.8.8.8` as the IPv4-mapped `::ffff:8.8.8.8`, which is another address.
 */
function dottedAsHex(tail: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return tail;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/**
 * A URL that requests may be sent to: http or https, no credentials, no fragment, a host that can
 * exist. `error` is a sentence for the user that starts after the field's name ("must be …").
 * Where the host leads is not judged here.
 */
export function parseOutboundUrl(text: string): { url: URL } | { error: string } {
  if (text.length > outboundUrlLengthMax) return tooLong;
  // The URL parser would drop or turn these round in silence, and the user would see another URL.
  if (/[\s\p{Cc}\\]/u.test(text)) {
    return { error: 'must not contain spaces, control characters or backslashes' };
  }
  if (!/^https?:\/\/[^/?#]/i.test(text)) return { error: 'must start with http:// or https://' };
  const url = URL.parse(text);
  if (url === null) {
    return {
      error: /^https?:\/\/\[[^\]]*%/i.test(text)
        ? 'must not carry an IPv6 zone id (the part after %)'
        : 'is not a valid URL',
    };
  }
  if (url.username !== '' || url.password !== '') {
    return {
      error:
        'must not contain a user name or password: send them in an Authorization header instead',
    };
  }
  if (url.port === '0') return { error: 'must not name port 0' };
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  if (!isHost(url.hostname)) return { error: 'does not contain a valid host name' };
  url.hash = '';
  return url.href.length > outboundUrlLengthMax ? tooLong : { url };
}

const tooLong = { error: `must be at most ${outboundUrlLengthMax} characters` };

function isHost(host: string): boolean {
  if (host.startsWith('[')) return true;
  const labels = host.split('.');
  return (
    host.length <= hostNameLengthMax &&
    labels.every((label) => label.length > 0 && label.length <= hostLabelLengthMax)
  );
}

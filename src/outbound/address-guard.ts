/**
 * Decides, before each connection, whether a URL leads only to addresses that may be reached, and
 * gives those addresses so that the caller connects to exactly what was judged (no second look-up
 * that could answer otherwise). One forbidden address among several refuses the name.
 * Saving and sending use this same path, so what could be saved can be sent.
 */
import { promises as dns } from 'node:dns';
import { networkInterfaces } from 'node:os';
import {
  type Cidr,
  canonicalAddress,
  forbiddenReason,
  isLoopback,
  parseOutboundUrl,
} from '../domain/addresses.ts';
import { createNameCache, type Judged } from './name-cache.ts';

export type GuardError = { code: 'address_forbidden' | 'dns_failed' | 'aborted'; message: string };
/** `dnsMs` is what the look-up took here: about 0 for a literal address or a remembered name. */
export type Vetted = { addresses: string[]; dnsMs: number };

/** Where opsforge itself listens; `all-local` when it listens on every address of the machine. */
export type OwnAddresses = { port: number; addresses: 'all-local' | string[] };

export type AddressGuard = {
  vet(url: URL, signal?: AbortSignal): Promise<Vetted | { error: GuardError }>;
  /**
   * For save time: why the URL may not be saved (a sentence that starts after the field's name), or
   * null. A name that does not resolve, or not within 2 s, is not a reason: it may do so later.
   */
  checkUrl(text: string): Promise<string | null>;
};

const addressesMax = 16;
const saveTimeLimitMs = 2_000;
/** How long a list of this machine's addresses is believed; DHCP and VPNs change it. */
const localAddressesForMs = 10_000;

const allowHint = 'Whoever runs opsforge can allow a range with OPSFORGE_ALLOWED_CIDRS.';

export function createAddressGuard(options: {
  allowed: readonly Cidr[];
  /** Every address of a name, in the order to try them; rejects like `dns.lookup`. */
  resolve?: (host: string) => Promise<string[]>;
  ownAddresses: () => OwnAddresses | null;
  nowMs: () => number;
}): AddressGuard {
  const { allowed, nowMs, resolve = resolveBySystem } = options;
  const isLocal = createLocalAddresses(nowMs);

  /**
   * The range is named, the address is not: which private address a name has is not for everyone.
   */
  function judge(host: string, ips: string[]): Judged<string[], GuardError> {
    const addresses: string[] = [];
    const subject =
      canonicalAddress(host) === null ? `${host} resolves to an address` : `${host} is`;
    for (const ip of ips) {
      const reason = forbiddenReason(ip, allowed);
      if (reason !== null) return { error: forbidden(`${subject} ${reason}. ${allowHint}`) };
      addresses.push(canonicalAddress(ip) ?? ip);
    }
    if (addresses.length === 0) return { error: noAddress(host) };
    return { value: addresses.slice(0, addressesMax) };
  }

  async function ask(host: string): Promise<Judged<string[], GuardError>> {
    if (canonicalAddress(host) !== null) return judge(host, [host]);
    let ips: string[];
    try {
      ips = await resolve(host);
    } catch (cause) {
      return { error: lookupFailed(host, cause) };
    }
    return judge(host, ips);
  }

  const names = createNameCache<string[], GuardError>({
    ask,
    overloaded: (host) => dnsFailed(`${host} was not looked up: too many names wait for it`),
    tooSlow: (host) => dnsFailed(`${host} could not be resolved: the name servers do not answer`),
    nowMs,
  });

  function isOwn(url: URL, addresses: string[]): boolean {
    const own = options.ownAddresses();
    if (own === null || portOf(url) !== own.port) return false;
    const { addresses: mine } = own;
    if (mine === 'all-local' || mine.includes('0.0.0.0') || mine.includes('::')) {
      return addresses.some(isLocal);
    }
    return addresses.some((ip) => mine.some((each) => canonicalAddress(each) === ip));
  }

  async function vet(url: URL, signal?: AbortSignal): Promise<Vetted | { error: GuardError }> {
    const startedMs = nowMs();
    const judged = await names.get(url.hostname, signal);
    if (judged === 'aborted') {
      return { error: { code: 'aborted', message: `Stopped while looking up ${url.hostname}` } };
    }
    if ('error' in judged) return judged;
    if (isOwn(url, judged.value)) {
      return { error: forbidden(`${url.host} would deliver to opsforge itself.`) };
    }
    return { addresses: judged.value, dnsMs: nowMs() - startedMs };
  }

  async function checkUrl(text: string): Promise<string | null> {
    const parsed = parseOutboundUrl(text);
    if ('error' in parsed) return parsed.error;
    const vetted = await vet(parsed.url, AbortSignal.timeout(saveTimeLimitMs));
    if (!('error' in vetted) || vetted.error.code !== 'address_forbidden') return null;
    return `leads to an address that may not be reached: ${vetted.error.message}`;
  }

  return { vet, checkUrl };
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** IPv4 first: a host without an IPv6 route would else lose a try on each send. */
async function resolveBySystem(host: string): Promise<string[]> {
  const found = await dns.lookup(host, { all: true, order: 'ipv4first' });
  return found.map((each) => each.address);
}

function createLocalAddresses(nowMs: () => number): (ip: string) => boolean {
  let local = new Set<string | null>();
  let believedUntilMs = Number.NEGATIVE_INFINITY;
  return (ip) => {
    if (nowMs() >= believedUntilMs) {
      const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
      local = new Set(interfaces.map((each) => canonicalAddress(each.address)));
      believedUntilMs = nowMs() + localAddressesForMs;
    }
    return isLoopback(ip) || local.has(ip);
  };
}

function forbidden(message: string): GuardError {
  return { code: 'address_forbidden', message };
}

function dnsFailed(message: string): GuardError {
  return { code: 'dns_failed', message };
}

function noAddress(host: string): GuardError {
  return dnsFailed(`${host} could not be resolved: the name has no address`);
}

const lookupFailures: Record<string, string> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'the name has no address',
  EAI_AGAIN: 'the name servers do not answer',
  ETIMEOUT: 'the name servers do not answer',
  ESERVFAIL: 'the name servers report a failure',
  EREFUSED: 'the name servers refuse to answer',
};

function lookupFailed(host: string, cause: unknown): GuardError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown failure';
  return dnsFailed(`${host} could not be resolved: ${lookupFailures[code] ?? code}`);
}

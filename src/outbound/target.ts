/**
 * A URL taken apart once. The same endpoints are sent to again and again, and reading URL's getters
 * for each request cost an eighth of the sending loop, so parsed ones are remembered.
 */
import { parseOutboundUrl } from '../domain/addresses.ts';
import { portOf } from './address-guard.ts';

export type Target = {
  readonly url: URL;
  readonly secure: boolean;
  /** As in the URL, IPv6 in brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The value of the host header. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /**
   * RFC 6066 allows no address as a server name; the certificate is then checked by the address.
   */
  readonly serverName: string | null;
};

const rememberedMax = 5_000;

/** Errors are those of `parseOutboundUrl`, and are not remembered. */
export function createTargets(): (text: string) => Target | { error: string } {
  const remembered = new Map<string, Target>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const parsed = parseOutboundUrl(text);
    if ('error' in parsed) return parsed;
    // Starting over is cheaper than keeping an order of use, and costs one parse each.
    if (remembered.size >= rememberedMax) remembered.clear();
    const target = targetOf(parsed.url);
    remembered.set(text, target);
    return target;
  };
}

function targetOf(url: URL): Target {
  const isAddress = url.hostname.startsWith('[') || /^[\d.]+$/.test(url.hostname);
  return {
    url,
    secure: url.protocol === 'https:',
    hostname: url.hostname,
    port: portOf(url),
    host: url.host,
    path: `${url.pathname}${url.search}`,
    serverName: isAddress ? null : url.hostname,
  };
}

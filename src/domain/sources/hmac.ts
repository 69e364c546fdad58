/**
 * Any sender that signs the body with an HMAC: which header, algorithm, encoding and prefix are the
 * source's settings. It signs no time: no replay window. With `crc` it also answers the challenge
 * of X (Twitter), `GET …?crc_token=`, which asks for the MAC of a text of the asker's choice; so
 * that nobody can have a body signed that way, a body that could be such a token is refused.
 */
import { randomHexSecret } from './secrets.ts';
import { hmac as mac, matchesAny, missing, noMatch } from './signatures.ts';
import {
  type Challenge,
  type HmacAlgorithm,
  plainSecretProblem,
  type SourceRules,
  type SourceSettings,
} from './source.ts';

export const defaultHmacSettings = {
  signatureHeader: 'x-signature',
  algorithm: 'sha256' as HmacAlgorithm,
  encoding: 'hex' as 'hex' | 'base64',
  prefix: '',
  crc: false,
};

const tokenPattern = /^[A-Za-z0-9+/=_-]{1,256}$/;

export const hmac: SourceRules = {
  makeSecret: randomHexSecret,
  checkSecret: plainSecretProblem,
  verify({ headers, body, settings }, secrets) {
    const { signatureHeader, algorithm, encoding, prefix, crc } = withDefaults(settings);
    const signature = headers.get(signatureHeader);
    if (signature === null) return missing(signatureHeader);
    if (!signature.startsWith(prefix)) return noMatch;
    if (crc && tokenPattern.test(Buffer.from(body).toString('latin1'))) {
      return 'its body could be a crc_token';
    }
    const given = Buffer.from(signature.slice(prefix.length), encoding);
    const expected = secrets.map((secret) => mac(algorithm, secret, body));
    return matchesAny([given], expected) ? null : noMatch;
  },
  eventType: () => null,
  deliveryId: ({ headers, settings }) =>
    settings.idHeader === undefined ? null : headers.get(settings.idHeader),
  challenge: () => null,
  keptHeaders: [],
};

/** The answer to `GET …?crc_token=`; null where the source does not answer one, or not this one. */
export function answerCrc(
  token: string,
  settings: SourceSettings,
  secrets: readonly string[],
): Challenge | null {
  const [secret] = secrets;
  if (settings.crc !== true || secret === undefined || !tokenPattern.test(token)) return null;
  const response_token = `sha256=${mac('sha256', secret, token).toString('base64')}`;
  return { contentType: 'application/json', body: JSON.stringify({ response_token }) };
}

function withDefaults(settings: SourceSettings) {
  return { ...defaultHmacSettings, ...settings };
}

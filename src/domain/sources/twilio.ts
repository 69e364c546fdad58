/**
 * Twilio: `X-Twilio-Signature: <base64 HMAC-SHA1>` over the URL that it called and, of a form post,
 * each field's name and value in the order of the names. A JSON body is signed by its hash, which
 * is the query's `bodySHA256`. The URL is the one under PUBLIC_URL. No replay window.
 */
import { createHash } from 'node:crypto';
import { readForm } from './body.ts';
import { hmac, isOneOf, matchesAny, missing, noMatch } from './signatures.ts';
import { plainSecretProblem, type SourceRequest, type SourceRules } from './source.ts';

const header = 'x-twilio-signature';

export const twilio: SourceRules = {
  makeSecret: null,
  checkSecret: plainSecretProblem,
  verify(request, secrets) {
    const { headers, url, body } = request;
    const signature = headers.get(header);
    if (signature === null) return missing(header);
    const hash = URL.parse(url)?.searchParams.get('bodySHA256') ?? null;
    const fields = hash === null ? formText(request) : '';
    if (hash !== null) {
      const right = createHash('sha256').update(body).digest('hex');
      if (!isOneOf(hash.toLowerCase(), [right])) return 'its body is not the one of bodySHA256';
    }
    const expected = secrets.map((secret) => hmac('sha1', secret, url, fields));
    return matchesAny([Buffer.from(signature, 'base64')], expected) ? null : noMatch;
  },
  eventType({ form }) {
    const message = form?.get('MessageStatus') ?? form?.get('SmsStatus');
    if (message !== undefined) return `message.${message}`;
    const call = form?.get('CallStatus');
    return call === undefined ? null : `call.${call}`;
  },
  deliveryId: ({ headers }) => headers.get('i-twilio-idempotency-token'),
  challenge: () => null,
  keptHeaders: ['i-twilio-idempotency-token'],
};

/** Of a name that stands several times each value once, in order. */
function formText({ body, contentType }: SourceRequest): string {
  const entries = readForm(body, contentType);
  if (entries === null) return '';
  const unique = new Map(entries.map(([name, value]) => [JSON.stringify([name, value]), 0]));
  return [...unique.keys()]
    .map((text): [string, string] => JSON.parse(text))
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => name + value)
    .join('');
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>,…` over `t.body`, five minutes either way. The
 * key is the whole `whsec_…` as it is written. Several `v1` stand there while a secret is rolled.
 */
import { hmac, matchesAny, missing, noMatch, replayRefusal } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';
import { textMember } from './values.ts';

const header = 'stripe-signature';
/** Far more than a header has; one of thousands would cost its reader. */
const elementsMax = 32;

export const stripe: SourceRules = {
  makeSecret: null,
  checkSecret: plainSecretProblem,
  verify({ headers, body, nowSeconds }, secrets) {
    const signature = headers.get(header);
    if (signature === null) return missing(header);
    const elements = signature.split(',', elementsMax).map((text) => text.trim());
    const timestamp = valuesOf(elements, 't')[0];
    if (timestamp === undefined) return `the header ${header} has no t=`;
    const replayed = replayRefusal(timestamp, nowSeconds);
    if (replayed !== null) return replayed;
    const given = valuesOf(elements, 'v1').map((hex) => Buffer.from(hex, 'hex'));
    const expected = secrets.map((secret) => hmac('sha256', secret, `${timestamp}.`, body));
    return matchesAny(given, expected) ? null : noMatch;
  },
  eventType: ({ value }) => textMember(value, 'type'),
  deliveryId: ({ value }) => textMember(value, 'id'),
  challenge: () => null,
  keptHeaders: [],
};

function valuesOf(elements: readonly string[], name: string): string[] {
  const start = `${name}=`;
  return elements
    .filter((element) => element.startsWith(start))
    .map((element) => element.slice(start.length));
}

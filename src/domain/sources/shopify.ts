/** Shopify: `X-Shopify-Hmac-Sha256: <base64>` over the body. It signs no time: no replay window. */
import { hmac, matchesAny, missing, noMatch } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';

const header = 'x-shopify-hmac-sha256';

export const shopify: SourceRules = {
  makeSecret: null,
  checkSecret: plainSecretProblem,
  verify({ headers, body }, secrets) {
    const signature = headers.get(header);
    if (signature === null) return missing(header);
    const expected = secrets.map((secret) => hmac('sha256', secret, body));
    return matchesAny([Buffer.from(signature, 'base64')], expected) ? null : noMatch;
  },
  eventType: ({ headers }) => headers.get('x-shopify-topic'),
  deliveryId: ({ headers }) => headers.get('x-shopify-webhook-id'),
  challenge: () => null,
  keptHeaders: [
    'x-shopify-topic',
    'x-shopify-shop-domain',
    'x-shopify-api-version',
    'x-shopify-webhook-id',
    'x-shopify-event-id',
  ],
};

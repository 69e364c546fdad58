/** GitHub: `X-Hub-Signature-256: sha256=<hex>` over the body. It signs no time, so no window. */
import { randomHexSecret } from './secrets.ts';
import { hmac, matchesAny, missing, noMatch } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';
import { textMember } from './values.ts';

const header = 'x-hub-signature-256';
const prefix = 'sha256=';

export const github: SourceRules = {
  makeSecret: randomHexSecret,
  checkSecret: plainSecretProblem,
  verify({ headers, body }, secrets) {
    const signature = headers.get(header);
    if (signature === null) return missing(header);
    if (!signature.startsWith(prefix)) return noMatch;
    const given = Buffer.from(signature.slice(prefix.length), 'hex');
    const expected = secrets.map((secret) => hmac('sha256', secret, body));
    return matchesAny([given], expected) ? null : noMatch;
  },
  eventType({ headers, value, form }) {
    const event = headers.get('x-github-event');
    if (event === null) return null;
    const action = textMember(value, 'action') ?? formAction(form);
    return action === null ? event : `${event}.${action}`;
  },
  deliveryId: ({ headers }) => headers.get('x-github-delivery'),
  challenge: () => null,
  keptHeaders: [
    'x-github-event',
    'x-github-delivery',
    'x-github-hook-id',
    'x-github-hook-installation-target-id',
    'x-github-hook-installation-target-type',
  ],
};

/** With the content type of forms, the JSON is in the field `payload`. */
function formAction(form: ReadonlyMap<string, string> | null): string | null {
  const payload = form?.get('payload');
  if (payload === undefined) return null;
  try {
    return textMember(JSON.parse(payload), 'action');
  } catch {
    // It is signed, so GitHub sent it: an event without an action.
    return null;
  }
}

/**
 * Slack: `X-Slack-Signature: v0=<hex>` over `v0:timestamp:body`, five minutes either way. Its
 * `url_verification` is signed like everything else and answered with the challenge it brings.
 */
import { hmac, matchesAny, missing, noMatch, replayRefusal } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';
import { member, textMember } from './values.ts';

const signatureHeader = 'x-slack-signature';
const timestampHeader = 'x-slack-request-timestamp';
const version = 'v0';

export const slack: SourceRules = {
  makeSecret: null,
  checkSecret: plainSecretProblem,
  verify({ headers, body, nowSeconds }, secrets) {
    const signature = headers.get(signatureHeader);
    const timestamp = headers.get(timestampHeader);
    if (signature === null) return missing(signatureHeader);
    if (timestamp === null) return missing(timestampHeader);
    const replayed = replayRefusal(timestamp, nowSeconds);
    if (replayed !== null) return replayed;
    if (!signature.startsWith(`${version}=`)) return noMatch;
    const given = Buffer.from(signature.slice(version.length + 1), 'hex');
    const head = `${version}:${timestamp}:`;
    const expected = secrets.map((secret) => hmac('sha256', secret, head, body));
    return matchesAny([given], expected) ? null : noMatch;
  },
  eventType({ value, form }) {
    // Slash commands and interactive messages are form posts.
    if (form?.has('command') === true) return 'command';
    if (form?.has('payload') === true) return interactionType(form.get('payload') ?? '');
    return textMember(member(value, 'event'), 'type') ?? textMember(value, 'type');
  },
  deliveryId: ({ value }) => textMember(value, 'event_id'),
  challenge({ value }) {
    const challenge = textMember(value, 'challenge');
    if (textMember(value, 'type') !== 'url_verification' || challenge === null) return null;
    return { contentType: 'text/plain; charset=utf-8', body: challenge };
  },
  keptHeaders: [],
};

function interactionType(payload: string): string {
  try {
    return textMember(JSON.parse(payload), 'type') ?? 'interaction';
  } catch {
    // It is signed, so Slack sent it: an interaction of a form that is not known here.
    return 'interaction';
  }
}

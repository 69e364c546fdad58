/**
 * GitLab: `X-Gitlab-Token` is the secret itself, so that only TLS keeps it; nothing of the body is
 * signed and there is no replay window. Where GitLab is made to sign by Standard Webhooks, use the
 * kind `standard`.
 */
import { randomHexSecret } from './secrets.ts';
import { isOneOf, missing } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';
import { textMember } from './values.ts';

const header = 'x-gitlab-token';

export const gitlab: SourceRules = {
  makeSecret: randomHexSecret,
  checkSecret: plainSecretProblem,
  verify({ headers }, secrets) {
    const token = headers.get(header);
    if (token === null) return missing(header);
    return isOneOf(token, secrets) ? null : `the header ${header} is not the secret of this source`;
  },
  eventType: ({ value }) => textMember(value, 'object_kind') ?? textMember(value, 'event_name'),
  // X-Gitlab-Event-UUID is no such id: events that cause each other share one.
  deliveryId: ({ headers }) => headers.get('idempotency-key'),
  challenge: () => null,
  keptHeaders: [
    'x-gitlab-event',
    'x-gitlab-event-uuid',
    'x-gitlab-webhook-uuid',
    'x-gitlab-instance',
  ],
};

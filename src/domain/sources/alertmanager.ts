/**
 * Prometheus Alertmanager: it signs nothing, but sends the credentials that its `http_config` has,
 * `Authorization: Bearer <secret>`; only TLS keeps them, and there is no replay window. A group is
 * sent again while it fires, as an event each time: it has no id of the message.
 */
import { randomHexSecret } from './secrets.ts';
import { isOneOf, missing } from './signatures.ts';
import { plainSecretProblem, type SourceRules } from './source.ts';
import { textMember } from './values.ts';

const header = 'authorization';

export const alertmanager: SourceRules = {
  makeSecret: randomHexSecret,
  checkSecret: plainSecretProblem,
  verify({ headers }, secrets) {
    const authorization = headers.get(header);
    if (authorization === null) return missing(header);
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const isOurs = token !== undefined && isOneOf(token, secrets);
    return isOurs ? null : 'its bearer token is not the secret of this source';
  },
  eventType: ({ value }) => textMember(value, 'status'),
  deliveryId: () => null,
  challenge: () => null,
  keptHeaders: [],
};

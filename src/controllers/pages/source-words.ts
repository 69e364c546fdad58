/**
 * What people read about each kind of source: where its sender wants the address and the secret,
 * and what its messages become. The rules themselves are in domain/sources.
 */
import type { SourceKind } from '../../domain/sources/source.ts';

export type SourceWords = {
  label: string;
  /** Where to paste the address, after "paste it". */
  paste: string;
  /** Where the secret comes from, or goes to. */
  secret: string;
  /** What proves that a message is the sender's. */
  signature: string;
  /** Of a message that says what it is. */
  type: string;
  typeExample: string;
  /** The sender's own id of a message; null: each message is an event. */
  repeat: string | null;
};

const own = 'Paste the same one there; left empty, one is made and shown once.';

export const sourceWords: Record<SourceKind, SourceWords> = {
  github: {
    label: 'GitHub',
    paste: 'at GitHub under Settings, Webhooks, Add webhook. Content type application/json.',
    secret: own,
    signature: 'X-Hub-Signature-256',
    type: 'github.<X-GitHub-Event>.<action>',
    typeExample: 'github.pull_request.opened',
    repeat: 'X-GitHub-Delivery',
  },
  gitlab: {
    label: 'GitLab',
    paste: 'at GitLab under Settings, Webhooks, Add new webhook.',
    secret: `GitLab calls it the secret token. ${own}`,
    signature: 'X-Gitlab-Token, the secret itself',
    type: 'gitlab.<object_kind>',
    typeExample: 'gitlab.merge_request',
    repeat: 'Idempotency-Key',
  },
  stripe: {
    label: 'Stripe',
    paste: 'at Stripe under Developers, Webhooks, as the URL of a new destination.',
    secret: 'Stripe makes it: the signing secret of the destination, whsec_….',
    signature: 'Stripe-Signature, at most 5 min old',
    type: 'stripe.<type>',
    typeExample: 'stripe.invoice.paid',
    repeat: 'the id of the event',
  },
  slack: {
    label: 'Slack',
    paste: 'in the app at api.slack.com under Event Subscriptions, as the request URL.',
    secret: 'Slack makes it: the signing secret under Basic Information of the app.',
    signature: 'X-Slack-Signature, at most 5 min old',
    type: 'slack.<event type>',
    typeExample: 'slack.message',
    repeat: 'event_id',
  },
  shopify: {
    label: 'Shopify',
    paste: 'at Shopify under Settings, Notifications, Webhooks. Format JSON.',
    secret: 'Shopify makes it, and shows it below the list of webhooks.',
    signature: 'X-Shopify-Hmac-Sha256',
    type: 'shopify.<topic>',
    typeExample: 'shopify.orders.create',
    repeat: 'X-Shopify-Webhook-Id',
  },
  twilio: {
    label: 'Twilio',
    paste: 'at Twilio as the webhook of a phone number, or as a status callback.',
    secret: 'Twilio makes it: the auth token of the account.',
    signature: 'X-Twilio-Signature, over this exact URL',
    type: 'twilio.message.<status>',
    typeExample: 'twilio.message.delivered',
    repeat: 'I-Twilio-Idempotency-Token',
  },
  alertmanager: {
    label: 'Alertmanager',
    paste: 'in alertmanager.yml as the url of a webhook_configs entry.',
    secret: `Goes into http_config.authorization.credentials. ${own}`,
    signature: 'Authorization: Bearer, the secret itself',
    type: 'alertmanager.<status>',
    typeExample: 'alertmanager.firing',
    repeat: null,
  },
  standard: {
    label: 'Standard Webhooks',
    paste: 'wherever the sender asks for the URL of an endpoint.',
    secret: `whsec_…, or the sender’s public key whpk_…. ${own}`,
    signature: 'webhook-signature, at most 5 min old',
    type: 'standard.<type>',
    typeExample: 'standard.invoice.paid',
    repeat: 'webhook-id',
  },
  hmac: {
    label: 'Generic HMAC',
    paste: 'wherever the sender asks for the URL of a webhook.',
    secret: own,
    signature: 'an HMAC of the body',
    type: 'source.<name>',
    typeExample: 'source.scale-house',
    repeat: null,
  },
};

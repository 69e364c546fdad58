/** Every kind of source; a kind without rules does not compile. */
import { alertmanager } from './alertmanager.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { hmac } from './hmac.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import type { SourceKind, SourceRules } from './source.ts';
import { standard } from './standard.ts';
import { stripe } from './stripe.ts';
import { twilio } from './twilio.ts';

export const sourceRules: Record<SourceKind, SourceRules> = {
  alertmanager,
  github,
  gitlab,
  hmac,
  shopify,
  slack,
  standard,
  stripe,
  twilio,
};

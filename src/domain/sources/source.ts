/**
 * A source is an outside sender whose signed webhooks become events. What differs between senders
 * is said by one `SourceRules` for each kind, pure and without I/O: how a request is verified, what
 * it is called, by what a repeat is known, and which challenges are answered.
 */

export const sourceKinds = [
  'alertmanager',
  'github',
  'gitlab',
  'hmac',
  'shopify',
  'slack',
  'standard',
  'stripe',
  'twilio',
] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** Only `hmac` has any; null members are not set. */
export type SourceSettings = {
  signatureHeader?: string;
  algorithm?: HmacAlgorithm;
  encoding?: 'hex' | 'base64';
  prefix?: string;
  idHeader?: string;
  crc?: boolean;
};

export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha512';

export type SourceRequest = {
  /** As the sender called it, by PUBLIC_URL, the query included. */
  url: string;
  headers: Pick<Headers, 'get'>;
  /** The exact bytes. */
  body: Uint8Array;
  contentType: string;
  nowSeconds: number;
  settings: SourceSettings;
};

/** Why it is refused, in words for whoever set the source up; null: it is the sender's own. */
export type Refusal = string | null;

/** What the request says, once verified. `value` and `form` are what its body means. */
export type SourceContent = {
  headers: Pick<Headers, 'get'>;
  settings: SourceSettings;
  /** The JSON value of the body, undefined where it is none. */
  value: unknown;
  /** The fields of a form post. */
  form: ReadonlyMap<string, string> | null;
};

export type Challenge = { contentType: string; body: string };

export type SourceRules = {
  /** Null: the sender makes it, so that it must be given. */
  makeSecret: (() => string) | null;
  /** What is wrong with a secret, or null. */
  checkSecret(secret: string): string | null;
  verify(request: SourceRequest, secrets: readonly string[]): Refusal;
  /**
   * The words after the kind in the event's type; null: the message has none of its own, so that
   * the source's name is taken.
   */
  eventType(content: SourceContent): string | null;
  /** The sender's own id of the message, the same when it sends it again. */
  deliveryId(content: SourceContent): string | null;
  /** An answer that the sender wants instead of the event's acceptance. */
  challenge(content: SourceContent): Challenge | null;
  /** Kept with the event. Never one that a repeat changes or that holds a secret. */
  keptHeaders: readonly string[];
};

/** Longer than any sender's; a bound for what is sealed and hashed. */
const secretLengthMax = 1_024;

export function plainSecretProblem(secret: string): string | null {
  return secret.length >= 1 && secret.length <= secretLengthMax
    ? null
    : `must be 1 to ${secretLengthMax} characters`;
}

/**
 * A sender's body as an event's payload. JSON stays the text that it is. Anything else becomes
 * `{"body": "<the text>"}`, with the parsed fields as `form` when it is a form post, and
 * `{"bodyBase64": …}` when it is not UTF-8: nothing that was sent is lost.
 */

export type SourceBody = {
  /** JSON text. */
  payload: string;
  value: unknown;
  form: ReadonlyMap<string, string> | null;
};

const formContentType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
/** Twilio's have about 40. */
const fieldsMax = 1_000;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readSourceBody(bytes: Uint8Array, contentType: string): SourceBody {
  const text = decodeText(bytes);
  if (text === null) {
    const payload = JSON.stringify({ bodyBase64: Buffer.from(bytes).toString('base64') });
    return { payload, value: undefined, form: null };
  }
  const value = parseJson(text);
  // A number or a word may be a form's only field; an object or a list is never one, but some
  // senders (and curl) call it so.
  const isJson = typeof value === 'object' && value !== null;
  const fields = isJson ? null : readForm(bytes, contentType);
  if (fields !== null) {
    const form = new Map(fields);
    const payload = JSON.stringify({ body: text, form: Object.fromEntries(form) });
    return { payload, value: undefined, form };
  }
  const payload = value === undefined ? JSON.stringify({ body: text }) : text;
  return { payload, value, form: null };
}

/** The fields in order, each occurrence; null for no form post, and for one of too many fields. */
export function readForm(bytes: Uint8Array, contentType: string): [string, string][] | null {
  if (!formContentType.test(contentType)) return null;
  const text = decodeText(bytes);
  if (text === null) return null;
  const fields = [...new URLSearchParams(text)];
  return fields.length > fieldsMax ? null : fields;
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Undefined, which is no JSON value, when the text is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A request as a curl command for a POSIX shell: pasted, it sends the same bytes. Pure, and safe
 * whatever the texts hold: each stands in single quotes, inside of which a shell reads nothing.
 */

/** Linux takes 128 KiB as one argument. */
export const inlineBytesMax = 96 * 1_024;
/** What a body that is longer is read from. */
const payloadFile = 'payload.json';

export function curlCommand(request: {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}): string {
  const { url, headers, body } = request;
  const data = Buffer.byteLength(body) <= inlineBytesMax ? body : `@${payloadFile}`;
  return [
    // Brackets in an address are no pattern, and its dots stay.
    `curl -i -g --path-as-is -X POST ${quote(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(headerText(name, value))}`),
    `--data-binary ${quote(data)}`,
  ].join(' \\\n  ');
}

/** Without a value curl would leave the header out; a semicolon sends it empty. */
function headerText(name: string, value: string): string {
  return value === '' ? `${name};` : `${name}: ${value}`;
}

/** A quote ends the quoted text, stands escaped, and begins it again. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * E-mail addresses as names of people: one spelling (trimmed, lower case), and a check that keeps
 * out what is no address or would reach into a mail's header. Whether one receives mail only a
 * mail can tell.
 */

/** RFC 5321 4.5.3.1.3: a path of 256 octets less its brackets. */
const emailLengthMax = 254;

const localPart = String.raw`[^\s@<>()\[\]\\,;:"]{1,64}`;
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const pattern = new RegExp(String.raw`^${localPart}@${label}(?:\.${label})*$`);

/** Null when it is no address. Names of hosts are ASCII here: IDNs are written in punycode. */
export function parseEmail(text: string): string | null {
  const email = text.trim().toLowerCase();
  if (email.length > emailLengthMax || !email.isWellFormed()) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into a mail
  if (/[\u0000-\u001f\u007f]/.test(email)) return null;
  return pattern.test(email) ? email : null;
}

/**
 * Text from outside made fit for PostgreSQL, which refuses U+0000 and has no lone surrogates: both
 * become U+FFFD, so that one strange answer never fails the batch it is recorded with.
 */
const replacement = '\ufffd';

export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', replacement) : wellFormed;
}

/** The JSON text of headers, for a column of type json. */
export function storableHeaders(headers: Readonly<Record<string, string>>): string {
  return storableText(JSON.stringify(headers));
}

/** For text that is refused rather than changed: names that people type. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/**
 * Finds values inside a JSON text by position, so that they can be kept byte for byte: parsing
 * and serialising again would change key order, number spelling and escapes. Every function wants
 * a text that is JSON; on anything else the answer means nothing, but each still ends and none
 * throws.
 */
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const space = 0x20;
const bracketToBrace = 0x20;

/** Half open: the value is `text.slice(start, end)`. */
export type Span = { start: number; end: number };

/** The members of the object at the start of the text: how many, and where the value of one is. */
export type ScannedObject = { memberCount: number; wanted: Span | null };

/**
 * Counts the members of the object that the text is and finds the value of `wantedKey` (its last
 * one when it stands twice, as JSON.parse takes it). Keys spelled with escapes are seen as what
 * they mean.
 */
export function scanObject(text: string, wantedKey: string): ScannedObject {
  let memberCount = 0;
  let wanted: Span | null = null;
  forEachMember(text, (rawKey, start, end) => {
    memberCount += 1;
    if (rawKey === wantedKey || (rawKey.includes('\\') && decodedKey(rawKey) === wantedKey)) {
      wanted = { start, end };
    }
  });
  return { memberCount, wanted };
}

/** The items of the list that starts at `start`, at most `max` of them. */
export function scanList(text: string, start: number, max: number): Span[] {
  const items: Span[] = [];
  let at = skipSpace(text, start + 1);
  while (items.length < max && at < text.length && text.charCodeAt(at) !== closeBracket) {
    const end = endOfValue(text, at);
    items.push({ start: at, end });
    at = skipSpace(text, end);
    // What else stands here stands in no JSON.
    if (text.charCodeAt(at) !== comma) break;
    at = skipSpace(text, at + 1);
  }
  return items;
}

/** The first key that stands twice in the object that the text is, however it is spelled. */
export function findRepeatedKey(text: string): string | null {
  const seen = new Set<string>();
  let repeated: string | null = null;
  forEachMember(text, (rawKey) => {
    const key = decodedKey(rawKey);
    if (seen.has(key)) repeated ??= key;
    seen.add(key);
  });
  return repeated;
}

function decodedKey(rawKey: string): string {
  if (!rawKey.includes('\\')) return rawKey;
  try {
    return String(JSON.parse(`"${rawKey}"`));
  } catch {
    // The text is no JSON, so the answer means nothing: parsing what comes of it says so.
    return rawKey;
  }
}

function forEachMember(
  text: string,
  visit: (rawKey: string, valueStart: number, valueEnd: number) => void,
): void {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) === quote) {
    const keyEnd = endOfString(text, at);
    // Over the colon, which may have space on both sides.
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    visit(text.slice(at + 1, keyEnd - 1), valueStart, valueEnd);
    at = skipSpace(text, valueEnd);
    if (text.charCodeAt(at) === comma) at = skipSpace(text, at + 1);
  }
}

/** The position of the next character that is no white space, or the text's length. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  // JSON's white space is tab, line feed, carriage return and space: all that a valid text holds
  // up to U+0020 outside strings.
  while (text.charCodeAt(at) <= space) at += 1;
  return at;
}

/** The position after the value that starts at `at`. */
function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  if (first === openBrace || first === openBracket) return endOfNested(text, at);
  let end = at;
  while (end < text.length && !endsScalar(text.charCodeAt(end))) end += 1;
  return end;
}

function endsScalar(code: number): boolean {
  return code === comma || code === closeBrace || code === closeBracket || code <= space;
}

/**
 * Counts depth without telling braces from brackets: the text is known to be balanced. In ASCII the
 * two pairs differ in one bit, which halves the comparisons.
 */
function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
      continue;
    }
    at += 1;
    const asBrace = code | bracketToBrace;
    if (asBrace === openBrace) depth += 1;
    else if (asBrace === closeBrace) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return at;
}

/**
 * By `indexOf`: stepping over the first characters instead was a quarter slower for short
 * strings.
 */
function endOfString(text: string, openingQuote: number): number {
  let at = openingQuote;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    if (!isEscaped(text, at)) return at + 1;
  }
}

/** An even number of backslashes escape each other. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === backslash) before -= 1;
  return (at - 1 - before) % 2 === 1;
}

/**
 * How much of an answer is read and kept, the same for both transports: 64 KiB of body read and
 * 16 KiB kept, 64 headers kept. What is kept is text that PostgreSQL takes (no U+0000).
 */
import { ExchangeFailure } from './exchange.ts';

/** A body longer than this is not read further; it is an answer all the same. */
export const bodyReadBytesMax = 64 * 1024;
const bodyKeptBytesMax = 16 * 1024;

const headersKeptMax = 64;
const headerKeptLengthMax = 4 * 1024;
const headersKeptLengthMax = 16 * 1024;
/** Bun's fetch refuses more on its own; the limits hold for both transports alike. */
const headersMax = 256;
export const headersBytesMax = 64 * 1024;

const decoder = new TextDecoder('utf-8');

export function bodyText(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return '';
  const kept =
    bytes.byteLength > bodyKeptBytesMax ? bytes.subarray(0, wholeCharacters(bytes)) : bytes;
  const text = decoder.decode(kept);
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** Cuts before a character that the limit would split (UTF-8 takes at most 4 bytes). */
function wholeCharacters(bytes: Uint8Array): number {
  for (let end = bodyKeptBytesMax; end > bodyKeptBytesMax - 4; end -= 1) {
    if (((bytes[end] ?? 0) & 0b1100_0000) !== 0b1000_0000) return end;
  }
  return bodyKeptBytesMax;
}

export type BodyCollector = {
  /** False when enough was read: stop reading, the answer is complete enough. */
  add(chunk: Uint8Array): boolean;
  text(): string;
};

/** Keeps 16 KiB and counts the rest, so that memory does not follow the sender. */
export function createBodyCollector(): BodyCollector {
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let readBytes = 0;
  return {
    add(chunk) {
      readBytes += chunk.byteLength;
      // One chunk past the limit is kept whole, for the cut between characters.
      if (keptBytes <= bodyKeptBytesMax) {
        kept.push(chunk);
        keptBytes += chunk.byteLength;
      }
      return readBytes <= bodyReadBytesMax;
    },
    text() {
      const [only] = kept;
      return bodyText(kept.length === 1 && only !== undefined ? only : Buffer.concat(kept));
    },
  };
}

export type HeaderCollector = {
  /** @throws ExchangeFailure `invalid_answer` past 256 headers or 64 KiB of them */
  add(name: string, value: string): void;
  readonly kept: Record<string, string>;
};

export function createHeaderCollector(): HeaderCollector {
  // No prototype: a header may be called __proto__.
  const kept: Record<string, string> = Object.create(null);
  let count = 0;
  let keptCount = 0;
  let keptLength = 0;
  let length = 0;

  function add(name: string, value: string): void {
    count += 1;
    length += name.length + value.length;
    if (count > headersMax || length > headersBytesMax) {
      throw new ExchangeFailure(
        'invalid_answer',
        `The answer has more than ${headersMax} headers or ${headersBytesMax / 1024} KiB of them`,
      );
    }
    const before = kept[name];
    if (before === undefined && keptCount >= headersKeptMax) return;
    const joined = before === undefined ? value : `${before}, ${value}`;
    const room =
      headersKeptLengthMax - keptLength + (before === undefined ? -name.length : before.length);
    if (room <= 0) return;
    const cut = joined.slice(0, Math.min(headerKeptLengthMax, room));
    if (before === undefined) {
      keptCount += 1;
      keptLength += name.length + cut.length;
    } else {
      keptLength += cut.length - before.length;
    }
    kept[name] = cut;
  }

  return { add, kept };
}

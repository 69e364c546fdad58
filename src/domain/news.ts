/**
 * What pages and streams are told of a project: that something of a kind is new, not what. Between
 * processes a project and its kinds are 23 characters, so that one notification (at most 8,000
 * bytes) carries 300 projects.
 */
import type { ProjectId } from './ids.ts';

/** `figures` are those of the rollups, which follow the deliveries by up to 2 s. */
export const newsKinds = ['events', 'deliveries', 'endpoints', 'replays', 'figures'] as const;
export type NewsKind = (typeof newsKinds)[number];

/** A set of kinds as the sum of their bits: telling news is on the hot paths. */
export type NewsMask = number;

export const allNews: NewsMask = (1 << newsKinds.length) - 1;

export function newsMask(kinds: Iterable<NewsKind>): NewsMask {
  let mask = 0;
  for (const kind of kinds) mask |= 1 << newsKinds.indexOf(kind);
  return mask;
}

export function kindsOf(mask: NewsMask): NewsKind[] {
  return newsKinds.filter((_, index) => (mask & (1 << index)) !== 0);
}

/** A mask is one digit of this base, so that 5 kinds are one character. */
const maskRadix = 32;
/** 16 bytes as base64url. */
const shortIdLength = 22;
const entryLength = shortIdLength + 1;

export function shortId(id: ProjectId): string {
  const bytes = Uint8Array.fromHex(id.replaceAll('-', ''));
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

export function writeNews(news: Iterable<readonly [ProjectId, NewsMask]>): string[] {
  return Array.from(news, ([id, mask]) => shortId(id) + mask.toString(maskRadix));
}

/** By short id; what another version may add is passed over. */
export function* readNews(text: string): Generator<[shortId: string, mask: NewsMask]> {
  for (let at = 0; at + entryLength <= text.length; at += entryLength) {
    const mask = Number.parseInt(text[at + shortIdLength] ?? '', maskRadix) & allNews;
    if (mask > 0) yield [text.slice(at, at + shortIdLength), mask];
  }
}

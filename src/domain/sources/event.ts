/**
 * The event that a verified message becomes: its type, its key against repeats, the headers that
 * are kept. Types are the sender's own words made to fit ours.
 */
import { slugify } from '../slugs.ts';
import { sourceRules } from './kinds.ts';
import type { SourceContent, SourceKind } from './source.ts';

/** As domain/event-envelope.ts has them. */
const typeLengthMax = 128;
const keyLengthMax = 255;
const metadataValueLengthMax = 1_024;
const visibleAscii = /^[\x21-\x7e]+$/;

/** Of a template; stands for the type that the message has by itself. */
export const typePlaceholder = '{type}';

/**
 * `github.push`, `stripe.invoice.paid`, …; `source.<slug of the name>` when the message does not
 * say what it is. `template` stands in its place, with `{type}` for it.
 */
export function sourceEventType(
  source: { kind: SourceKind; name: string; eventType: string | null },
  content: SourceContent,
): string {
  const said = fitType(sourceRules[source.kind].eventType(content) ?? '');
  const own = said === '' ? `source.${slugify(source.name, 'unnamed')}` : `${source.kind}.${said}`;
  if (source.eventType === null) return fitType(own);
  return fitType(source.eventType.replace(typePlaceholder, () => own));
}

/** Slashes and spaces part words as dots do; what no type may hold becomes a dash. */
function fitType(text: string): string {
  return text
    .slice(0, 2 * typeLengthMax)
    .split(/[./\s]+/)
    .map((segment) => segment.replace(/[^A-Za-z0-9_-]/g, '-'))
    .filter((segment) => segment !== '')
    .join('.')
    .slice(0, typeLengthMax)
    .replace(/\.+$/, '');
}

/** The Idempotency-Key of the message, of its own for each source; null: nothing tells repeats. */
export function sourceKey(
  source: { id: string; kind: SourceKind },
  content: SourceContent,
): string | null {
  const given = sourceRules[source.kind].deliveryId(content);
  if (given === null || given === '') return null;
  const key = `source:${source.id}:${given}`;
  if (key.length <= keyLengthMax && visibleAscii.test(key)) return key;
  return `source:${source.id}:sha256:${Bun.SHA256.hash(given, 'hex')}`;
}

/** Labels to find the event by: where it came from, and the headers that the kind keeps. */
export function sourceMetadata(
  source: { id: string; kind: SourceKind },
  content: SourceContent,
): Record<string, string> {
  const headers = sourceRules[source.kind].keptHeaders.flatMap((name) => {
    const value = content.headers.get(name);
    if (value === null) return [];
    // Header values are bytes; what is not ASCII has no meaning that is agreed on.
    return [[name, value.replace(/[^\x20-\x7e]/g, '?').slice(0, metadataValueLengthMax)]];
  });
  return {
    'source-id': source.id,
    'source-kind': source.kind,
    ...Object.fromEntries(headers),
  };
}

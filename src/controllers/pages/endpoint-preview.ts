/** What the form of an endpoint would get, in words and as the request that it would be sent. */
import type { FormDraft } from '../../../views/components/form.tsx';
import { formatClock, formatCount, formatShort } from '../../../views/components/format.ts';
import type { EndpointPreviewProps } from '../../../views/endpoint-preview.tsx';
import { AppError } from '../../domain/errors.ts';
import type { ProjectId } from '../../domain/ids.ts';
import {
  type EventWish,
  previewWish,
  type WishPreview,
} from '../../usecases/events/preview-wish.ts';
import { draftTypes, readWish } from './endpoint-input.ts';
import type { ProjectCall } from './page.ts';

/** The most frequent ones; a project with more types has patterns for them. */
const offeredMax = 12;
const dayMs = 86_400_000;
/** Events of a shorter time say nothing about a day. */
const rateMsMin = 600_000;
/** Of an example, which is to fit beside the form. */
const payloadLinesMax = 24;
const payloadCharactersMax = 2_000;
const examplePayload = '{"number":"A-1","amount":4200}';

export async function previewProps(
  call: ProjectCall,
  draft: FormDraft,
  checkPath: string,
): Promise<EndpointPreviewProps> {
  const { ctx, project, nowMs } = call;
  const wish = wishOf(draft);
  const everything = { eventTypes: [], filter: null };
  // Safe because the use case has found it.
  const preview = await previewWish(ctx, project.id as ProjectId, wish ?? everything);
  const last = wish === null ? null : preview.last;
  const url = draft.value('url') ?? null;
  return {
    checkPath,
    url,
    kind: draft.value('signing') === 'ed25519' ? 'ed25519' : 'hmac',
    title: last === null ? 'Example' : `${last.type}, from ${clock(last.receivedAtMs)}`,
    request: exampleRequest(draft, ctx.deps.version, nowMs, last?.payloadText ?? examplePayload),
    verdict: verdictOf(wish, preview),
    types: offeredTypes(draft, preview),
    sentence: wish === null || preview.total === 0 ? null : matchingWords(preview, nowMs),
  };
}

const clock = (atMs: number) => formatClock(new Date(atMs).toISOString());

/** Null while it cannot be read; its error stands at its field. */
function wishOf(draft: FormDraft): EventWish | null {
  try {
    return readWish(draftTypes(draft), draft.value('filter') ?? '');
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return null;
    throw error;
  }
}

function verdictOf(wish: EventWish | null, preview: WishPreview): EndpointPreviewProps['verdict'] {
  const { last, tried, wanted, total } = preview;
  if (wish === null) {
    return { glyph: 'bad', text: 'The event types or the filter cannot be read as they are.' };
  }
  if (last === null) {
    const text =
      total === 0
        ? 'No event came lately to check this by.'
        : `None of the last ${formatCount(total)} events is of these types.`;
    return { glyph: 'unknown', text };
  }
  const types = wish.eventTypes.length === 0 ? 'Every type is wanted' : 'Its type is wanted';
  const those = `${formatCount(wanted)} of the last ${formatCount(tried)} of these types do.`;
  if (wish.filter === null) return { glyph: 'ok', text: `${types}, and there is no filter.` };
  return last.isWanted
    ? { glyph: 'ok', text: `The filter matches the last ${last.type}; ${those}` }
    : { glyph: 'warn', text: `The filter does not match the last ${last.type}; ${those}` };
}

function offeredTypes(draft: FormDraft, preview: WishPreview) {
  const wanted = draftTypes(draft);
  const offered = preview.seen.slice(0, offeredMax);
  const names = new Set(offered.map(({ type }) => type));
  return {
    typed: wanted.filter((type) => !names.has(type)),
    seen: offered.map(({ type, count }) => ({
      ...{ type, count: formatCount(count) },
      isTicked: wanted.includes(type),
    })),
  };
}

/** "3 of 9 types match, 1 284 of the last 5 000 events; about 42 000 a day." */
function matchingWords({ seen, matching, total, sinceMs }: WishPreview, nowMs: number): string {
  const events = `${formatCount(matching.events)} of the last ${formatCount(total)} events`;
  const types = `${matching.types} of ${seen.length} ${seen.length === 1 ? 'type' : 'types'} match`;
  const spanMs = sinceMs === null ? 0 : nowMs - sinceMs;
  if (spanMs < rateMsMin) return `${types}: ${events}.`;
  const { value, unit } = formatShort(Math.round((matching.events * dayMs) / spanMs));
  return `${types}: ${events}, about ${value}${unit} a day.`;
}

/** As the sender writes it (domain/dispatch/attempt.ts); what is made for each one is cut. */
function exampleRequest(draft: FormDraft, version: string, nowMs: number, payload: string): string {
  const url = URL.parse(draft.value('url') ?? '') ?? new URL('https://example.com/webhooks');
  const isEd25519 = draft.value('signing') === 'ed25519';
  const authorization = { bearer: 'Bearer ••••', basic: 'Basic ••••' }[draft.value('auth') ?? ''];
  const own = (draft.value('headers') ?? '')
    .split('\n')
    .flatMap((line) => /^\s*([^:\s]+)\s*:/.exec(line)?.[1] ?? []);
  return [
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    `user-agent: opsforge/${version}`,
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    ...own.map((name) => `${name}: ••••`),
    'webhook-id: 019ab0ea-31c7-7b20-8c4d-5e08b1f20a77',
    `webhook-timestamp: ${Math.floor(nowMs / 1_000)}`,
    `webhook-signature: ${isEd25519 ? 'v1a' : 'v1'},Jm3cVq0b8x…`,
    'opsforge-attempt: 1',
    '',
    shortPayload(payload),
  ].join('\n');
}

/** By lines where that changes nothing but the space, as numbers' spelling; a long one is cut. */
function shortPayload(posted: string): string {
  const value: unknown = JSON.parse(posted);
  const payload = JSON.stringify(value) === posted ? JSON.stringify(value, null, 2) : posted;
  const lines = payload.slice(0, payloadCharactersMax).split('\n').slice(0, payloadLinesMax);
  const shown = lines.join('\n');
  return shown.length < payload.length ? `${shown}…` : shown;
}

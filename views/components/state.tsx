/**
 * The language of states: the shape says the tone, colour repeats it, the word names it. Only bad
 * words are coloured. Which state a thing is in is decided elsewhere; here it is drawn.
 */
import type { Children } from '@kitajs/html';

const cut =
  'fill="none" stroke="var(--card)" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"';
const line =
  'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"';

/** Filled shapes of 14 px, on a grid of 16. */
const shapes = {
  ok: [
    'ok',
    `<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="m5 8.3 2.1 2.1 4-4.4" ${cut}/>`,
  ],
  bad: [
    'bad',
    `<path d="M5.2.9h5.6l4.3 4.3v5.6l-4.3 4.3H5.2L.9 10.8V5.2z" fill="currentColor"/><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" ${cut}/>`,
  ],
  warn: [
    'warn',
    `<path d="M8 1.2c.5 0 .9.2 1.2.7l5.9 10.6c.5.9-.1 2-1.2 2H2.1c-1.1 0-1.7-1.1-1.2-2L6.8 1.9c.3-.5.7-.7 1.2-.7z" fill="currentColor"/><path d="M8 5.6v3.2m0 2.7v.1" ${cut}/>`,
  ],
  pending: ['idle', `<circle cx="8" cy="8" r="6.1" ${line} stroke-dasharray="2.6 2.2"/>`],
  retry: ['warn', `<path d="M13.6 8A5.6 5.6 0 1 1 11.6 3.7L13.8 5.6M13.8 2.2v3.4h-3.4" ${line}/>`],
  cancel: ['idle', `<circle cx="8" cy="8" r="6.1" ${line}/><path d="m3.8 12.2 8.4-8.4" ${line}/>`],
  paused: [
    'idle',
    `<rect x="1.5" y="1.5" width="13" height="13" rx="2.5" fill="currentColor"/><path d="M6 5.4v5.2m4-5.2v5.2" ${cut}/>`,
  ],
  maint: [
    'maint',
    '<path d="M10.2 4.2a.7.7 0 0 0 0 .9l1 1a.7.7 0 0 0 .9 0l2.4-2.4a4 4 0 0 1-5.3 5.2l-4.6 4.6a1.4 1.4 0 0 1-2-2l4.6-4.6a4 4 0 0 1 5.3-5.2z" fill="currentColor" stroke="currentColor" stroke-width=".8" stroke-linejoin="round"/>',
  ],
  running: ['acc', `<circle cx="8" cy="8" r="6.1" ${line}/><path d="M8 4.6V8l2.4 1.6" ${line}/>`],
  unknown: [
    'idle',
    '<path d="M8 .9 15.1 8 8 15.1.9 8z" fill="currentColor"/><path d="M6.6 6.5c.1-.9.7-1.3 1.4-1.3.9 0 1.5.5 1.5 1.3 0 1-1.5 1.1-1.5 2.2m0 2.1v.1" fill="none" stroke="var(--card)" stroke-width="1.5" stroke-linecap="round"/>',
  ],
  dot: ['idle', '<circle cx="8" cy="8" r="3" fill="currentColor"/>'],
} as const;

export type GlyphName = keyof typeof shapes;
/** The tones of tinted things; none is grey. */
export type Tone = 'ok' | 'warn' | 'bad' | 'maint';

export function Glyph({ name }: { name: GlyphName }) {
  const [tone, safeShape] = shapes[name];
  return (
    <svg class={`g-${tone}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      {safeShape}
    </svg>
  );
}

/** State → its glyph, word and, where it has one, the tone of its pill. */
const states = {
  delivered: ['ok', 'Delivered', 'ok'],
  pending: ['pending', 'Pending', null],
  retrying: ['retry', 'Retrying', 'warn'],
  failed: ['bad', 'Failed', 'bad'],
  cancelled: ['cancel', 'Cancelled', null],
  up: ['ok', 'Up', 'ok'],
  degraded: ['warn', 'Degraded', 'warn'],
  down: ['bad', 'Down', 'bad'],
  paused: ['paused', 'Paused', null],
  maintenance: ['maint', 'Maintenance', 'maint'],
  unknown: ['unknown', 'Unknown', null],
  ok: ['ok', 'On track', 'ok'],
  risk: ['warn', 'At risk', 'warn'],
  exhausted: ['bad', 'Exhausted', 'bad'],
  healthy: ['ok', 'Healthy', 'ok'],
  failing: ['warn', 'Failing', 'warn'],
  open: ['bad', 'Breaker open', 'bad'],
  disabled: ['paused', 'Disabled', null],
  running: ['running', 'Running', null],
} as const satisfies Record<string, readonly [GlyphName, string, Tone | null]>;

export type StateName = keyof typeof states;

/** In rows and lists. `word` replaces the state's own, as in "Down for 14 min". */
export function State({ name, word }: { name: StateName; word?: string }) {
  const [glyph, ownWord, tone] = states[name];
  return (
    <span class="st" data-tone={tone === 'bad' ? 'bad' : undefined}>
      <Glyph name={glyph} />
      <span safe>{word ?? ownWord}</span>
    </span>
  );
}

/** A state beside the title of a page. */
export function Pill({ name, word }: { name: StateName; word?: string }) {
  const [glyph, ownWord, tone] = states[name];
  return (
    <span class="pill" data-tone={tone ?? undefined}>
      <Glyph name={glyph} />
      <span safe>{word ?? ownWord}</span>
    </span>
  );
}

/** For a state that only one page knows: the glyph and its own words. */
export function Mark(props: {
  glyph: GlyphName;
  tone?: 'bad';
  quiet?: boolean;
  children: Children;
}) {
  const { glyph, tone, quiet = false, children } = props;
  return (
    <span class={['st', quiet && 'text-muted-foreground']} data-tone={tone}>
      <Glyph name={glyph} />
      <span>{children}</span>
    </span>
  );
}

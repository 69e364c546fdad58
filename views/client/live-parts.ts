/**
 * Parts of the page that show something live (`data-live`, views/components/refresh.ts) are asked
 * for when what they show has news: one request of a part at a time, never while the page is out of
 * view, and then a rest in proportion to what the answer took, so that a server that has much to do
 * is asked less. A part that is held (`data-hold`) waits until the reader has let go of it.
 */

/** A page keeps the server at most a tenth of the time at one part. */
const restPerRequest = 10;
const restMsMin = 500;
/** How often a held part is looked at: nothing is asked for that. */
const heldPollMs = 1_000;
/** After a request that failed, doubled each time. */
const failedPauseMsMin = 5_000;
const failedPauseMsMax = 60_000;

type PartState = {
  timer: ReturnType<typeof setTimeout> | null;
  startedMs: number | null;
  /** There was news while it was asked for. */
  wanted: boolean;
  restUntilMs: number;
  held: boolean;
  failures: number;
};

const states = new Map<string, PartState>();
let tellStale = (_isStale: boolean) => {};

/** Says when a part could not be had, and when all can be again. */
export function onPartsStale(tell: (isStale: boolean) => void): void {
  tellStale = tell;
  // Somebody took a row in hand while the answer was on its way.
  document.addEventListener('htmx:before:swap', (event) => {
    const part = event.target;
    if (!isAskedFor(part) || !isHeld(part)) return;
    event.preventDefault();
    stateOf(part.id).wanted = true;
  });
  document.addEventListener('htmx:finally:request', (event) => {
    const part = event.target;
    if (!isAskedFor(part)) return;
    const { ctx } = (event as CustomEvent<{ ctx: { response?: { status: number } } }>).detail;
    answered(part.id, (ctx.response?.status ?? 0) in okStatuses);
  });
}

const isAskedFor = (part: EventTarget | null): part is HTMLElement =>
  part instanceof HTMLElement && (states.get(part.id)?.startedMs ?? null) !== null;

/** 204: htmx is told where to go. */
const okStatuses: Record<number, true> = { 200: true, 204: true };

export function watchedKinds(): string[] {
  const kinds = liveParts().flatMap(kindsOf);
  return [...new Set(kinds)];
}

export function hearNews(kinds: readonly string[], delayMs: number): void {
  const parts = liveParts().filter((part) => kindsOf(part).some((kind) => kinds.includes(kind)));
  for (const part of parts) {
    // What is inside of one that is asked for comes with it.
    const outer = part.parentElement?.closest<HTMLElement>('[data-live]') ?? null;
    const comesAlong = outer !== null && parts.includes(outer) && !stateOf(outer.id).held;
    if (!comesAlong) want(part.id, delayMs);
  }
}

export function refreshParts(): void {
  hearNews(watchedKinds(), 0);
}

const liveParts = () => [...document.querySelectorAll<HTMLElement>('[data-live][id]')];
const kindsOf = (part: HTMLElement) => (part.dataset['live'] ?? '').split(' ');

function stateOf(id: string): PartState {
  const known = states.get(id);
  if (known !== undefined) return known;
  const state = {
    timer: null,
    startedMs: null,
    wanted: false,
    restUntilMs: 0,
    held: false,
    failures: 0,
  };
  states.set(id, state);
  return state;
}

function want(id: string, delayMs: number): void {
  const state = stateOf(id);
  if (state.startedMs !== null) state.wanted = true;
  if (state.startedMs !== null || state.timer !== null) return;
  const pauseMs = Math.max(delayMs, state.restUntilMs - performance.now());
  state.timer = setTimeout(() => {
    state.timer = null;
    ask(id, state);
  }, pauseMs);
}

function ask(id: string, state: PartState): void {
  const part = document.getElementById(id);
  // When it is seen again, a new stream says that everything is new.
  if (part === null || document.hidden) return;
  if (isHeld(part)) {
    // What is inside may be shown: how many wait, and how those that are there fare.
    if (!state.held) for (const inner of part.querySelectorAll('[data-live]')) want(inner.id, 0);
    state.held = true;
    want(id, heldPollMs);
    return;
  }
  state.held = false;
  state.startedMs = performance.now();
  // Does not bubble: the part around it is asked for by itself.
  part.dispatchEvent(new CustomEvent('news'));
}

function answered(id: string, isOk: boolean): void {
  const state = stateOf(id);
  const nowMs = performance.now();
  const tookMs = nowMs - (state.startedMs ?? nowMs);
  const wasWanted = state.wanted;
  Object.assign(state, { startedMs: null, wanted: false });
  if (isOk) {
    const restMs = sayingRestMs(document.getElementById(id));
    state.failures = 0;
    state.restUntilMs = nowMs + Math.max(restMsMin, restMs, restPerRequest * tookMs);
  } else {
    state.failures += 1;
    const pauseMs = failedPauseMsMin * 2 ** (state.failures - 1);
    state.restUntilMs = nowMs + Math.min(pauseMs, failedPauseMsMax);
  }
  const stale = [...states.values()].some(({ failures }) => failures > 0);
  tellStale(stale);
  if (wasWanted || !isOk) want(id, 0);
}

/** Of what is read aloud, once it says something. */
function sayingRestMs(part: HTMLElement | null): number {
  const saysNothing = part === null || (part.textContent ?? '').trim() === '';
  return saysNothing ? 0 : Number(part.dataset['rest'] ?? 0) * 1_000;
}

/** On touch screens `:hover` stays where one tapped last. */
const hasPointer = matchMedia('(hover: hover)');
const rowsHeld = ':scope :checked, :scope tr[aria-current="true"], :scope tbody :focus';

function isHeld(part: HTMLElement): boolean {
  const hold = part.dataset['hold'];
  if (hold === undefined) return false;
  if (part.querySelector(rowsHeld) !== null) return true;
  if (hold === 'rows') return false;
  if (hasPointer.matches && part.matches(':hover')) return true;
  return hold === 'page' && window.scrollY > 0;
}

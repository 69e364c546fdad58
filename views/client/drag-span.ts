/**
 * Dragging over the strip above a list asks for the time between: from the beginning of one step
 * to the end of another. The steps are links, each with its `since` and `until`.
 */
const steps = '[data-strip] .plot a';

export function dragSpans(): void {
  let from: Element | null = null;
  let to: Element | null = null;

  document.addEventListener('pointerdown', (event) => {
    from = event.button === 0 ? stepAt(event) : null;
    to = from;
  });
  // A link is a thing to be dragged away, else.
  document.addEventListener('dragstart', (event) => {
    if (stepAt(event) !== null) event.preventDefault();
  });
  document.addEventListener('pointermove', (event) => {
    const step = from === null ? null : stepAt(event);
    if (from === null || step === null || step.parentNode !== from.parentNode) return;
    to = step;
    mark(from, to);
  });
  document.addEventListener('pointerup', () => {
    if (from !== null && to !== null && from !== to) location.assign(spanOf(from, to));
    from = null;
  });
  document.addEventListener('pointercancel', () => {
    if (from !== null) mark(from, null);
    from = null;
  });
}

function stepAt({ target }: Event): Element | null {
  return target instanceof Element ? target.closest(steps) : null;
}

function between(from: Element, to: Element | null): Element[] {
  if (to === null) return [];
  const all: Element[] = [...(from.parentNode?.querySelectorAll('a') ?? [])];
  const ends = [all.indexOf(from), all.indexOf(to)];
  return all.slice(Math.min(...ends), Math.max(...ends) + 1);
}

function mark(from: Element, to: Element | null): void {
  const picked = new Set(between(from, to));
  for (const step of from.parentNode?.querySelectorAll('a') ?? []) {
    step.toggleAttribute('data-picked', picked.has(step));
  }
}

function spanOf(from: Element, to: Element): string {
  const picked = between(from, to);
  const [first, last] = [picked[0], picked.at(-1)].map(
    (step) => new URL(step?.getAttribute('href') ?? '', location.href),
  );
  if (first === undefined || last === undefined) return location.href;
  first.searchParams.set('until', last.searchParams.get('until') ?? '');
  return first.href;
}

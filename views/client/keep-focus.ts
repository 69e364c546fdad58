/**
 * What had the focus may be gone once a part was put in its place, as the button of a delivery that
 * ended: the focus then goes to that part, so that Tab goes on from there and not from the top.
 */

export function keepFocusInParts(): void {
  document.addEventListener('htmx:before:swap', ({ target }) => {
    const focused = document.activeElement;
    const part = focused?.closest<HTMLElement>('[data-live][id], [hx-get][id]');
    if (!part || !(target instanceof Element)) return;
    const { id } = part;
    target.addEventListener('htmx:after:swap', () => focusPart(id), { once: true });
  });
}

function focusPart(id: string): void {
  if (document.activeElement !== document.body) return;
  const part = document.getElementById(id);
  if (part === null) return;
  part.tabIndex = -1;
  part.focus({ preventScroll: true });
}

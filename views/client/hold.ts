/**
 * Parts marked `data-hold` are not asked for again while the reader is at one of their rows: one is
 * ticked, or chosen by the keys.
 */
const held = ':scope :checked, :scope tr[aria-current="true"]';

export function holdRows(): void {
  document.addEventListener('htmx:before:request', (event) => {
    const part = event.target;
    if (!(part instanceof Element) || !part.matches('[data-hold]')) return;
    if (part.querySelector(held) !== null) event.preventDefault();
  });
}

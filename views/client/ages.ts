/**
 * "14 s ago" goes on while the page is open, and "in 28 s" counts down, by the server's clock as
 * the page was drawn (`data-now` of the live badge): a browser's own may be wrong.
 */
import { agoWords, untilWords } from '../components/format.ts';

const tickMs = 1_000;

export function tickAges(): void {
  const drawnAtMs = Date.parse(document.getElementById('live')?.dataset['now'] ?? '');
  if (Number.isNaN(drawnAtMs)) return;
  const startedMs = performance.now();
  setInterval(() => {
    if (!document.hidden) tick(drawnAtMs + performance.now() - startedMs);
  }, tickMs);
}

function tick(nowMs: number): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>(
    'time[data-ago], time[data-until]',
  )) {
    const { ago } = time.dataset;
    const atMs = Date.parse(time.dateTime);
    const words = ago === undefined ? untilWords(atMs - nowMs) : agoWords(nowMs - atMs, ago);
    if (time.textContent !== words) time.textContent = words;
  }
}

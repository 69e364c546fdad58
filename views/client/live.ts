/**
 * The page's stream of news, and the badge that says whether there is one. Open only while the page
 * is in view: browsers give a site six connections (HTTP/1.1), and what nobody sees need not be
 * fresh. After a loss it is tried again with growing pauses; what comes first then names all kinds.
 */
import { hearNews, onPartsStale, refreshParts, watchedKinds } from './live-parts.ts';

/** After a restart all pages come back: the first pause is spread too. */
const pauseMsMin = 1_000;
const pauseMsMax = 60_000;

type News = { kinds: string[]; fromMs: number; untilMs: number };

let source: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
let refused = false;

export function watchLive(): void {
  if (document.getElementById('live') === null) return;
  document.addEventListener('visibilitychange', () => {
    failures = 0;
    if (document.hidden) close();
    else open();
  });
  window.addEventListener('online', () => {
    if (source === null) open();
  });
  onPartsStale((isStale) => {
    if (isStale) showLost();
    else if (source?.readyState === EventSource.OPEN) showLive();
  });
  open();
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function open(): void {
  close();
  const address = document.getElementById('live')?.dataset['stream'];
  const kinds = watchedKinds();
  if (address === undefined || kinds.length === 0 || document.hidden) return;
  const opened = new EventSource(`${address}?types=${kinds.join(',')}`);
  source = opened;
  opened.addEventListener('open', () => {
    failures = 0;
    refused = false;
    showLive();
  });
  opened.addEventListener('change', (event) => {
    // Safe because it comes from our own server (src/usecases/live/page-feeds.ts).
    const { kinds: said, fromMs, untilMs } = JSON.parse(event.data) as News;
    hearNews(said, fromMs + Math.random() * (untilMs - fromMs));
  });
  opened.addEventListener('error', () => {
    // Refused, and not out of reach: the answer of an ordinary request says why, as by going to
    // the page where one signs in. Once, not with every attempt.
    if (opened.readyState === EventSource.CLOSED && !refused) {
      refused = true;
      refreshParts();
    }
    close();
    showLost();
    const pauseMs = Math.min(pauseMsMax, pauseMsMin * 2 ** failures);
    failures += 1;
    timer = setTimeout(open, pauseMs * (1 + Math.random()));
  });
}

function showLost(): void {
  const badge = document.getElementById('live');
  const words = badge?.querySelector('[data-live-words]');
  if (!badge || !words || badge.dataset['state'] === 'lost') return;
  badge.dataset['state'] = 'lost';
  words.textContent = `Reconnecting, numbers from ${new Date().toISOString().slice(11, 19)}`;
}

function showLive(): void {
  const badge = document.getElementById('live');
  const words = badge?.querySelector('[data-live-words]');
  if (!badge || !words) return;
  delete badge.dataset['state'];
  words.textContent = 'Live';
}

/** The badge in the top bar: what feeds the page is lost, since when, and that it is back. */

export function watchLive(): void {
  const lose = () => {
    const badge = document.getElementById('live');
    const words = badge?.querySelector('[data-live-words]');
    if (!badge || !words || badge.dataset['state'] === 'lost') return;
    badge.dataset['state'] = 'lost';
    words.textContent = `Reconnecting, numbers from ${new Date().toISOString().slice(11, 19)}`;
  };
  const find = () => {
    const badge = document.getElementById('live');
    const words = badge?.querySelector('[data-live-words]');
    if (!badge || !words) return;
    delete badge.dataset['state'];
    words.textContent = 'Live';
  };
  document.addEventListener('htmx:error', lose);
  document.addEventListener('htmx:sse:error', lose);
  document.addEventListener('htmx:sse:close', lose);
  document.addEventListener('htmx:after:request', find);
  document.addEventListener('htmx:sse:after:connection', find);
}

/**
 * Toasts that the server wrote, and those that an answer brings by the header
 * `HX-Trigger: {"toast": {"tone": "ok", "title": "…"}}`. Text only: nothing here is parsed as HTML.
 */
const shownForMs = 8_000;

type Toast = { tone: 'ok' | 'bad'; title: string; text?: string };

export function expireToasts(): void {
  for (const toast of document.querySelectorAll('.toaster > .toast')) removeLater(toast);
}

export function showToastsOfAnswers(): void {
  document.addEventListener('toast', (event) => {
    if (!isBackground(event)) showToast((event as CustomEvent<Toast>).detail);
  });
  document.addEventListener('htmx:error', (event) => {
    if (isBackground(event)) return;
    showToast({
      tone: 'bad',
      title: 'opsforge did not answer',
      text: 'Nothing was changed. Try again.',
    });
  });
}

/** A part that refreshes itself: nobody did anything, and the badge says that it is not fresh. */
const isBackground = ({ target }: Event) =>
  target instanceof Element && target.matches('[data-live]');

export function showToast({ tone, title, text }: Toast): void {
  const toaster = document.getElementById('toaster');
  if (toaster === null) return;
  const toast = document.createElement('div');
  toast.className = 'toast';
  const content = document.createElement('div');
  content.className = 'toast-content';
  content.dataset['tone'] = tone;
  const section = document.createElement('section');
  const head = document.createElement('h2');
  head.textContent = title;
  section.append(head);
  if (text !== undefined) {
    const words = document.createElement('p');
    words.textContent = text;
    section.append(words);
  }
  content.append(section);
  toast.append(content);
  toaster.append(toast);
  removeLater(toast);
}

function removeLater(toast: Element): void {
  setTimeout(() => toast.remove(), shownForMs);
}

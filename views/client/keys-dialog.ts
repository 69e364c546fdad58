/**
 * The keys' dialog (views/keyboard.tsx) as it opens: of what it lists for pages, what this one has,
 * and the buttons and links here that answer to a key.
 */

export function startKeysDialog(): void {
  const dialog = document.getElementById('keys');
  const here = dialog?.querySelector<HTMLElement>('[data-keys-here]');
  if (!(dialog instanceof HTMLDialogElement) || !here) return;
  dialog.addEventListener('beforetoggle', () => {
    if (!dialog.open) listKeysOf(here);
  });
}

function listKeysOf(here: HTMLElement): void {
  for (const old of here.querySelectorAll('[data-own]')) old.remove();
  for (const line of here.querySelectorAll<HTMLElement>('[data-when]')) {
    line.hidden = document.querySelector(line.dataset['when'] ?? '') === null;
  }
  for (const [key, words] of keysOfPage()) here.querySelector('ul')?.append(lineOf(key, words));
  here.hidden = here.querySelector('li:not([hidden])') === null;
}

/** Key → what it does; also what is not shown yet, as the bar of ticked rows. */
function keysOfPage(): Map<string, string> {
  const found = new Map<string, string>();
  for (const source of document.querySelectorAll<HTMLElement>('main [aria-keyshortcuts]')) {
    const key = source.getAttribute('aria-keyshortcuts') ?? '';
    if (found.has(key) || source.closest('dialog') !== null) continue;
    const { ariaLabel, textContent, dataset } = source;
    found.set(key, dataset['keyName'] ?? ariaLabel ?? (textContent ?? '').trim());
  }
  return found;
}

function lineOf(key: string, words: string): HTMLElement {
  const line = document.createElement('li');
  line.className = 'flex items-center justify-between gap-4 py-1.5';
  line.dataset['own'] = '';
  const name = document.createElement('span');
  name.textContent = words;
  const cap = document.createElement('kbd');
  cap.className = 'kbd';
  cap.textContent = key;
  line.append(name, cap);
  return line;
}

/**
 * Single keys: `/` to the search field, `G x` to a page of the menu, `J`, `K`, `X` and Enter
 * through rows, `?` for the list of them, and any button or link by its `aria-keyshortcuts`. Off
 * while one types, with modifiers, and where the reader turned them off. ⌘K and ⌘↵ always work.
 */
import { openDialog } from './dialogs.ts';

/** So long after G its second key is waited for. */
const secondKeyMs = 1_200;

let goingUntilMs = 0;

export function listenToKeys(): void {
  document.addEventListener('keydown', (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openDialog('palette');
      return;
    }
    if ((event.metaKey || event.ctrlKey) && event.key === 'Enter') {
      if (save(event.target)) event.preventDefault();
      return;
    }
    if (isCombined(event) || isTyping(event.target) || areOff()) return;
    if (document.querySelector('dialog[open]') !== null) return;
    if (press(event.key)) event.preventDefault();
  });
}

/** AltGr is no command: on many keyboards [ and ] are written with it. */
function isCombined(event: KeyboardEvent): boolean {
  if (event.getModifierState('AltGraph')) return false;
  return event.metaKey || event.ctrlKey || event.altKey;
}

/** As the server drew the dialog of the keys, where they are switched. */
function areOff(): boolean {
  return document.querySelector('#keys[data-single="off"]') !== null;
}

/** As Enter does in a field of one line: by the form's first button. */
function save(target: EventTarget | null): boolean {
  const isField =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement;
  const form = isField ? target.form : null;
  const button = [...(form?.elements ?? [])].find(
    (element): element is HTMLButtonElement =>
      element instanceof HTMLButtonElement && element.type === 'submit',
  );
  button?.click();
  return button !== undefined;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable]') !== null
  );
}

/** Whether the key meant something. */
function press(key: string): boolean {
  const nowMs = performance.now();
  const isSecond = nowMs < goingUntilMs;
  goingUntilMs = 0;
  if (isSecond) return click(`[data-go="${CSS.escape(key.toLowerCase())}"]`);
  switch (key) {
    case 'g':
    case 'G':
      goingUntilMs = nowMs + secondKeyMs;
      return true;
    case '?':
      return openDialog('keys');
    case '/':
      return focus('[data-search]');
    case 'j':
    case 'J':
      return moveRow(1);
    case 'k':
    case 'K':
      return moveRow(-1);
    case 'x':
    case 'X':
      return click('tr[aria-current="true"] input[type="checkbox"]');
    case 'Enter':
      return click('tr[aria-current="true"] .c-main a');
    default:
      if (key.length !== 1) return false;
      return click(`main [aria-keyshortcuts="${CSS.escape(key.toUpperCase())}"]`);
  }
}

/** The first that is shown: of a delivery's attempts, only one's links are. */
function click(selector: string): boolean {
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  const found = all.find((element) => element.checkVisibility());
  found?.click();
  return found !== undefined;
}

function focus(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
  return found !== null;
}

/** Through the first table of the page whose rows lead somewhere. */
function moveRow(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('main tbody tr:has(.c-main a)')];
  if (rows.length === 0) return false;
  const current = rows.findIndex((row) => row.getAttribute('aria-current') === 'true');
  const next = Math.min(rows.length - 1, Math.max(0, current + step));
  rows[current]?.removeAttribute('aria-current');
  rows[next]?.setAttribute('aria-current', 'true');
  rows[next]?.scrollIntoView({ block: 'nearest' });
  return true;
}

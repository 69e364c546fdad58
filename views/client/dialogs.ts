/**
 * `data-open` names the dialog that a button opens, or a link in place of going on to its page,
 * where the same form stands; `data-close` or a click beside closes it.
 */

/** Whether there is one of this id. */
export function openDialog(id: string): boolean {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return false;
  if (!dialog.open) dialog.showModal();
  return true;
}

export function openDialogs(): void {
  document.addEventListener('click', (event) => {
    const target = event.target as Element;
    // First, for what closes its dialog to open another: two at once would hide one below.
    if (target.closest('[data-close]') !== null) target.closest('dialog')?.close();
    const opener = target.closest<HTMLElement>('[data-open]');
    if (opener !== null && openDialog(opener.dataset['open'] ?? '')) event.preventDefault();
    // A click on the backdrop has the dialog itself as its target.
    if (target instanceof HTMLDialogElement) target.close();
    if (target.closest('.phone-menu nav a') !== null) {
      target.closest('details')?.removeAttribute('open');
    }
  });
  focusRefused();
}

/** Of a form that was refused, the first field to change; what belongs to none is read first. */
function focusRefused(): void {
  const field = ':is(input, select, textarea)[aria-invalid="true"]';
  const wrong = document.querySelector<HTMLElement>(`main ${field}`);
  const found = wrong ?? document.querySelector<HTMLElement>('[data-focus]');
  found?.focus();
}

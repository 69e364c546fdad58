/** Narrows the palette to what is typed, goes by arrows and Enter, lists the page's commands. */

export function startPalette(): void {
  const palette = document.getElementById('palette');
  const input = palette?.querySelector('input');
  if (!(palette instanceof HTMLDialogElement) || !input) return;
  palette.addEventListener('toggle', () => {
    if (!palette.open) return;
    input.value = '';
    listCommands(palette);
    narrow(palette, '');
    input.focus();
  });
  input.addEventListener('input', () => narrow(palette, input.value));
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      move(palette, event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      palette.querySelector<HTMLElement>('[role="menuitem"].active')?.click();
    }
  });
}

function listCommands(palette: HTMLElement): void {
  const group = palette.querySelector<HTMLElement>('#palette-commands');
  if (group === null) return;
  for (const old of group.querySelectorAll('[role="menuitem"]')) old.remove();
  for (const source of document.querySelectorAll<HTMLElement>('main [data-command]')) {
    const item = document.createElement('div');
    item.setAttribute('role', 'menuitem');
    const icon = source.querySelector('svg')?.cloneNode(true);
    if (icon) item.append(icon);
    item.append(source.dataset['command'] || (source.textContent ?? '').trim());
    item.addEventListener('click', () => {
      (palette as HTMLDialogElement).close();
      source.click();
    });
    group.append(item);
  }
}

function itemsOf(palette: HTMLElement): HTMLElement[] {
  return [...palette.querySelectorAll<HTMLElement>('[role="menuitem"]')];
}

function narrow(palette: HTMLElement, typed: string): void {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of itemsOf(palette)) {
    const text = (item.textContent ?? '').toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
    item.classList.remove('active');
  }
  for (const group of palette.querySelectorAll<HTMLElement>('[role="group"]')) {
    group.hidden = group.querySelector('[role="menuitem"]:not([hidden])') === null;
  }
  move(palette, 1);
}

function move(palette: HTMLElement, step: 1 | -1): void {
  const shown = itemsOf(palette).filter((item) => !item.hidden);
  if (shown.length === 0) return;
  const current = shown.findIndex((item) => item.classList.contains('active'));
  shown[current]?.classList.remove('active');
  const next = shown[(current + step + shown.length) % shown.length];
  next?.classList.add('active');
  next?.scrollIntoView({ block: 'nearest' });
}

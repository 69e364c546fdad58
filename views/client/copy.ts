/** `data-copy` holds what is copied; the button says that it was. */
import { showToast } from './toasts.ts';

const saidForMs = 1_500;

export function copyOnClick(): void {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-copy]');
    if (button === null) return;
    const text = button.dataset['copy'] ?? '';
    navigator.clipboard.writeText(text).then(
      () => {
        const label = button.getAttribute('aria-label') ?? '';
        button.dataset['copied'] = '';
        button.setAttribute('aria-label', 'Copied');
        setTimeout(() => {
          delete button.dataset['copied'];
          button.setAttribute('aria-label', label);
        }, saidForMs);
      },
      () => showToast({ tone: 'bad', title: 'The browser did not let it be copied' }),
    );
  });
}

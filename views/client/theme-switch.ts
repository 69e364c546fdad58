/** The theme's form changes it at once; without script the server does, by the same cookie. */
import { keepTheme } from './theme-cookie.ts';

export function switchTheme(): void {
  document.addEventListener('submit', (event) => {
    if ((event.target as Element).closest('[data-theme-form]') === null) return;
    event.preventDefault();
    const dark = document.documentElement.classList.toggle('dark');
    keepTheme(dark ? 'dark' : 'light');
  });
}

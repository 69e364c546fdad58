/**
 * The first visit only: nobody chose a theme yet, so the system's is taken before anything is
 * drawn, and kept in the cookie by which the server draws every later page right at once.
 */
import { keepTheme } from './theme-cookie.ts';

const theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
document.documentElement.classList.toggle('dark', theme === 'dark');
keepTheme(theme);

/** The theme's switch without script; with it, views/client/theme-switch.ts does the same. */
import { Elysia } from 'elysia';
import { problemOf } from '../answer-error.ts';
import { goTo } from './answers.ts';
import { readTheme, themeCookie } from './cookies.ts';
import { errorPage } from './error-page.ts';
import { readForm } from './form.ts';
import type { PageDeps } from './page.ts';
import { safeNext } from './sign-in-path.ts';

export function themeRoutes(deps: PageDeps) {
  return new Elysia().post(
    '/theme',
    async ({ request, route }) => {
      try {
        deps.requireSameOrigin(request);
        const { next } = await readForm(request);
        const theme = readTheme(request) === 'dark' ? 'light' : 'dark';
        const path = safeNext(typeof next === 'string' ? next : null);
        return goTo(request, path, [themeCookie(deps.deps.publicUrl(), theme)]);
      } catch (error) {
        return errorPage(deps, request, problemOf(deps.log, error, request, route));
      }
    },
    { parse: 'none' },
  );
}

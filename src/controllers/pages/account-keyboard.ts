/** …/keyboard below a person's own page: all keys in writing, and the switch, a cookie. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { KeysPage } from '../../../views/keyboard.tsx';
import { accountPath } from '../../../views/navigation.ts';
import { accountFrame, type PersonPages } from './account-frame.ts';
import { readSingleKeys, singleKeysCookie } from './cookies.ts';
import { listMenu, type PageDeps, type PersonCall, type View } from './page.ts';
import { settingsReader } from './settings.ts';
import { safeNext } from './sign-in-path.ts';

/** `next`: the page whose dialog it was sent from. */
const keysForm = z.object({ single: z.enum(['on', 'off']), next: z.string().optional() });

export function keyboardRoutes(deps: PageDeps, pages: PersonPages) {
  const publicUrl = () => deps.deps.publicUrl();
  return new Elysia({ prefix: '/keyboard' })
    .get('', ...pages.view({}, async (call) => keyboardView(call, publicUrl())))
    .post(
      '',
      ...pages.action({ form: keysForm }, async ({ form: { single, next }, tenant }) => ({
        goTo: safeNext(next ?? accountPath(tenant, '/keyboard')),
        toast: { tone: 'ok', title: `Single keys are ${single}` },
        cookies: [singleKeysCookie(publicUrl(), single)],
      })),
    );
}

function keyboardView(call: PersonCall, publicUrl: string): View {
  const { tenant, request } = call;
  const path = accountPath(tenant, '/keyboard');
  const props = {
    ...{ path, next: path, groups: listMenu(call) },
    hasSingleKeys: readSingleKeys(request, publicUrl),
    settings: tenant === null ? null : settingsReader(tenant),
  };
  return { ...accountFrame(call, 'Keyboard shortcuts'), body: () => KeysPage(props) };
}

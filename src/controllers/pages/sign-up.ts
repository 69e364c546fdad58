/** /sign-up: by the one-time link of the first start, or for everybody where that is set. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { EntryMessage } from '../../../views/entry.tsx';
import { SignUp } from '../../../views/sign-up.tsx';
import { maySignUp, signUp } from '../../usecases/people/sign-up.ts';
import { createEntries, type EntryView, enter, textField } from './entry.ts';
import type { PageDeps } from './page.ts';
import { signInNext } from './sign-in-path.ts';

const signUpForm = z.object({
  name: textField,
  email: textField,
  password: textField,
  tenantName: textField,
});

export function signUpPages(deps: PageDeps) {
  const { view, action } = createEntries(deps);
  return new Elysia()
    .get(
      '/sign-up',
      ...view(async ({ person, token }) => {
        if (person !== null) return { goTo: '/' };
        const isOffered = await maySignUp(deps.people, token === '' ? null : token);
        return isOffered ? signUpView(token) : refusedView(deps);
      }),
    )
    .post(
      '/sign-up',
      ...action(
        { form: signUpForm, refused: async ({ token }, draft) => signUpView(token, draft) },
        async ({ form, token, browser }) => {
          const input = { ...form, token: token === '' ? null : token };
          const result = await signUp(deps.people, input, browser);
          return result.kind === 'signed_in' ? enter(deps, result, '/') : signInNext('/');
        },
      ),
    );
}

function signUpView(token: string, draft?: FormDraft): EntryView {
  const props = { token, ...(draft === undefined ? {} : { draft }) };
  return {
    title: 'Make an account',
    body: () => SignUp(props),
    ...(token === '' ? {} : { note: () => 'No mail is sent. Lost the link? opsforge signup-link' }),
  };
}

function refusedView({ people }: PageDeps): EntryView {
  const first = 'The first account is made with the link that opsforge prints when it starts; ';
  const again = '`opsforge signup-link` prints a new one.';
  const text =
    people.signUp === 'closed'
      ? 'Accounts are made on the command line: opsforge bootstrap --email.'
      : `Ask an owner or admin for an invitation. ${first}${again}`;
  const actions = [{ label: 'Sign in', href: '/sign-in' }];
  return {
    title: 'No sign-up',
    status: 403,
    body: () => EntryMessage({ title: 'Nobody can sign up by this link', text, actions }),
  };
}

/** /forgot-password and /reset-password: never a word on whether somebody has an account. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { EntryMessage } from '../../../views/entry.tsx';
import { ForgotPassword, ResetPassword } from '../../../views/password-reset.tsx';
import {
  isResetLink,
  requestPasswordReset,
  resetPassword,
} from '../../usecases/people/reset-password.ts';
import { createEntries, type EntryView, textField } from './entry.ts';
import type { PageDeps } from './page.ts';

const signInAction = { label: 'Sign in', href: '/sign-in' };

export function passwordResetPages(deps: PageDeps) {
  const { view, action } = createEntries(deps);
  return new Elysia()
    .get('/forgot-password', ...view(async () => forgotView(deps)))
    .post(
      '/forgot-password',
      ...action(
        {
          form: z.object({ email: textField }),
          refused: async (_call, draft) => forgotView(deps, draft),
        },
        async ({ form, browser }) => {
          await requestPasswordReset(deps.people, form, browser);
          return sentView();
        },
      ),
    )
    .get(
      '/reset-password',
      ...view(async ({ token }) =>
        (await isResetLink(deps.people, token)) ? resetView(token) : goneView(),
      ),
    )
    .post(
      '/reset-password',
      ...action(
        {
          form: z.object({ password: textField }),
          refused: async ({ token }, draft) =>
            (await isResetLink(deps.people, token)) ? resetView(token, draft) : goneView(),
        },
        async ({ form, token, browser }) => {
          await resetPassword(deps.people, { ...form, token }, browser);
          return changedView();
        },
      ),
    );
}

function forgotView({ people }: PageDeps, draft?: FormDraft): EntryView {
  const title = 'Forgot the password';
  if (people.mail === null) {
    const text =
      'This installation sends no mail. Who runs it makes a link for you: ' +
      'opsforge reset-password YOUR_EMAIL.';
    return { title, body: () => EntryMessage({ title, text, actions: [signInAction] }) };
  }
  return { title, body: () => ForgotPassword(draft === undefined ? {} : { draft }) };
}

function sentView(): EntryView {
  const title = 'Look into your mail';
  const text = 'If there is an account of this address, a link to choose a new password is there.';
  const actions = [{ label: 'Back to sign-in', href: '/sign-in' }];
  return { title, body: () => EntryMessage({ title, text, actions }), note: noteOfLink };
}

const noteOfLink = () => 'The link works once, for 60 minutes';

function resetView(token: string, draft?: FormDraft): EntryView {
  const props = { token, ...(draft === undefined ? {} : { draft }) };
  return { title: 'New password', body: () => ResetPassword(props) };
}

function changedView(): EntryView {
  const title = 'The new password counts';
  const text = 'All sessions of the account have ended. Sign in with it.';
  return { title, body: () => EntryMessage({ title, text, actions: [signInAction] }) };
}

function goneView(): EntryView {
  const title = 'This link does not work any more';
  const text = 'It was used, is too old, or is cut off.';
  const actions = [{ label: 'Ask for a new one', href: '/forgot-password' }, signInAction];
  return { title, status: 404, body: () => EntryMessage({ title, text, actions }) };
}

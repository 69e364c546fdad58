/**
 * The second factor of who is signed in, below their account's page: turned on in three steps, each
 * the answer to the form before, so that no address shows a secret; new recovery codes; turned off.
 */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { CodeForm } from '../../../views/account-forms.tsx';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { accountPath } from '../../../views/navigation.ts';
import {
  confirmSecondFactor,
  readSecondFactorSetup,
  removeSecondFactor,
  renewRecoveryCodes,
  startSecondFactor,
} from '../../usecases/people/second-factor.ts';
import { browserOf } from '../identify-person.ts';
import { accountFrame, accountView, type PersonPages } from './account-frame.ts';
import { textField } from './entry.ts';
import type { PageDeps, PersonCall, View } from './page.ts';

const codeForm = z.object({ code: textField });

export function secondFactorRoutes(deps: PageDeps, pages: PersonPages) {
  return new Elysia({ prefix: '/second-factor' })
    .post(
      '',
      ...pages.action(
        {
          form: z.object({ currentPassword: textField }),
          refused: (call, draft) => accountView(deps, call, { draft }),
        },
        async (call) => {
          const setup = await startSecondFactor(deps.people, call.person, call.form);
          return { view: await accountView(deps, call, { setup: { step: 'code', ...setup } }) };
        },
      ),
    )
    .post(
      '/confirm',
      ...pages.action(
        {
          form: z.object({ proof: textField, code: textField }),
          refused: (call, draft) => codeAgain(deps, call, draft),
        },
        async (call) => {
          const { person, form, request } = call;
          const codes = await confirmSecondFactor(deps.people, person, form, browserOf(request));
          return { view: await accountView(deps, call, { setup: { step: 'codes', codes } }) };
        },
      ),
    )
    .use(codeRoutes(deps, pages));
}

function codeRoutes(deps: PageDeps, pages: PersonPages) {
  return new Elysia()
    .get('/codes', ...pages.view({}, async (call) => codeView(call, 'codes')))
    .post(
      '/codes',
      ...pages.action(
        { form: codeForm, refused: async (call, draft) => codeView(call, 'codes', draft) },
        async (call) => {
          const { person, form, request } = call;
          const codes = await renewRecoveryCodes(deps.people, person, form, browserOf(request));
          return { view: await accountView(deps, call, { setup: { step: 'codes', codes } }) };
        },
      ),
    )
    .get('/remove', ...pages.view({}, async (call) => codeView(call, 'remove')))
    .post(
      '/remove',
      ...pages.action(
        { form: codeForm, refused: async (call, draft) => codeView(call, 'remove', draft) },
        async ({ person, form, request, tenant }) => {
          await removeSecondFactor(deps.people, person, form, browserOf(request));
          const toast = { tone: 'ok', title: 'Second factor turned off' } as const;
          return { goTo: accountPath(tenant), toast };
        },
      ),
    );
}

/** The code was wrong: the same secret once more, while the password counts as given. */
async function codeAgain(deps: PageDeps, call: PersonCall, draft: FormDraft): Promise<View> {
  const proof = draft.value('proof') ?? '';
  const setup = await readSecondFactorSetup(deps.people, call.person, proof);
  return accountView(deps, call, { draft, setup: { step: 'code', ...setup } });
}

function codeView(call: PersonCall, kind: 'codes' | 'remove', draft: FormDraft = emptyDraft): View {
  const path = accountPath(call.tenant);
  const title = kind === 'codes' ? 'New recovery codes' : 'Turn off the second factor';
  return { ...accountFrame(call, title), body: () => CodeForm({ kind, title, path, draft }) };
}

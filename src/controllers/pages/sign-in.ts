/** /sign-in, /sign-in/second-step and /sign-out */
import { Elysia } from 'elysia';
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { SecondStep, SignIn } from '../../../views/sign-in.tsx';
import { finishSignIn } from '../../usecases/people/second-step.ts';
import { signIn } from '../../usecases/people/sign-in.ts';
import { signOut } from '../../usecases/people/sign-out.ts';
import { endedSessionCookie, readCookie, setCookie } from '../session-cookie.ts';
import {
  createEntries,
  type EntryCall,
  type EntryView,
  enter,
  textField,
  withCookies,
} from './entry.ts';
import type { PageDeps } from './page.ts';
import { singleSignOnHref } from './single-sign-on-href.ts';

/** What a browser brings back with the code; how long it counts is sealed in it. */
const stepCookie = 'opsforge_second_step';
const stepCookieSeconds = 300;

const signInForm = z.object({ email: textField, password: textField });
const codeForm = z.object({ code: textField });

export function signInPages(deps: PageDeps) {
  const { view, action } = createEntries(deps);
  return new Elysia()
    .use(secondStepPages(deps))
    .get(
      '/sign-in',
      ...view(async (call) =>
        call.person === null ? signInView(deps, call) : { goTo: call.next },
      ),
    )
    .post(
      '/sign-in',
      ...action(
        { form: signInForm, refused: async (call, draft) => signInView(deps, call, draft) },
        async ({ form, browser, next }) => {
          const result = await signIn(deps.people, form, browser);
          if (result.kind === 'signed_in') return enter(deps, result, next);
          const cookie = ownCookie(deps, stepCookie, result.challenge, stepCookieSeconds);
          return { goTo: secondStepPath(next), cookies: [cookie] };
        },
      ),
    )
    .post(
      '/sign-out',
      ...action(
        { form: z.object({}), refused: async ({ next }) => ({ goTo: next }) },
        async (call) => {
          if (call.person !== null) await signOut(deps.people, call.person);
          const cookies = [endedSessionCookie(deps.deps.publicUrl())];
          return { goTo: call.next === '/' ? '/sign-in' : call.next, cookies };
        },
      ),
    );
}

function secondStepPages(deps: PageDeps) {
  const { view, action } = createEntries(deps);
  return new Elysia()
    .get(
      '/sign-in/second-step',
      ...view(async (call) => {
        if (call.person !== null) return { goTo: call.next };
        if (challengeOf(deps, call.request) === null) return { goTo: '/sign-in' };
        return secondStepView(call, new URL(call.request.url).searchParams.has('recovery'));
      }),
    )
    .post(
      '/sign-in/second-step',
      ...action(
        {
          form: codeForm,
          refused: async (call, draft) =>
            secondStepView(call, draft.value('recovery') !== undefined, draft),
        },
        async ({ form, request, browser, next }) => {
          const challenge = challengeOf(deps, request) ?? '';
          const entered = await finishSignIn(deps.people, { challenge, ...form }, browser);
          return withCookies(enter(deps, entered, next), [droppedCookie(deps, stepCookie)]);
        },
      ),
    );
}

const secondStepPath = (next: string) => `/sign-in/second-step?${new URLSearchParams({ next })}`;

export function signInView(
  deps: PageDeps,
  { next, request }: EntryCall,
  draft?: FormDraft,
): EntryView {
  const { signUp } = deps.people;
  const props = {
    ...{ next, host: new URL(deps.deps.publicUrl()).host, offersSignUp: signUp === 'open' },
    singleSignOnHref: singleSignOnHref(deps, { next }),
    isNew: new URL(request.url).searchParams.has('account'),
    ...(draft === undefined ? {} : { draft }),
  };
  return {
    title: 'Sign in',
    body: () => SignIn(props),
    note: () => `opsforge ${deps.deps.version}`,
  };
}

function secondStepView({ next }: EntryCall, recovery: boolean, draft?: FormDraft): EntryView {
  const props = { next, recovery, ...(draft === undefined ? {} : { draft }) };
  return {
    title: 'Second factor',
    body: () => SecondStep(props),
    note: () => '10 tries, then wait 15 min',
  };
}

const ownCookie = (deps: PageDeps, name: string, value: string, seconds: number) =>
  setCookie(deps.deps.publicUrl(), name, value, seconds);
const droppedCookie = (deps: PageDeps, name: string) => ownCookie(deps, name, '', 0);

function challengeOf(deps: PageDeps, request: Request): string | null {
  return readCookie(request, deps.deps.publicUrl(), stepCookie) || null;
}

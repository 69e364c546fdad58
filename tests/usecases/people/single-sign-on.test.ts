import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createOidcProvider } from '../../../src/outbound/oidc-provider.ts';
import { createInvitation } from '../../../src/usecases/people/invite.ts';
import type { PeopleDeps } from '../../../src/usecases/people/people-deps.ts';
import { signIn } from '../../../src/usecases/people/sign-in.ts';
import {
  beginSingleSignOn,
  finishSingleSignOn,
} from '../../../src/usecases/people/single-sign-on.ts';
import { type OidcIssuer, startOidcIssuer } from '../../support/oidc-issuer.ts';
import {
  codeOf,
  createAccount,
  personOf,
  signInToken,
  someBrowser,
  someEmail,
  startFilePeople,
  testPassword,
} from '../../support/people.ts';
import { createTenant } from '../../support/tenants.ts';

const people = await startFilePeople('first');
let issuer: OidcIssuer;
let deps: PeopleDeps;
beforeAll(async () => {
  issuer = await startOidcIssuer();
  deps = people.depsWith({ singleSignOn: createOidcProvider(issuer) });
  await createAccount(people.db, people.deps);
});
afterAll(() => issuer.stop());

let subject: string;
let email: string;
beforeEach(() => {
  subject = crypto.randomUUID();
  email = someEmail();
  Object.assign(issuer.person, { wrongKey: false, down: false, userInfo: {} });
  issuer.person.claims = { sub: subject, email, email_verified: true, name: 'Grace' };
});

const begin = (invitation: string | null = null, of = deps) =>
  beginSingleSignOn(of, { invitation });
async function goThrough(invitation: string | null = null, of = deps) {
  const { url, state } = await begin(invitation, of);
  return finishSingleSignOn(of, { query: issuer.authorize(url), state }, someBrowser());
}
const account = async (verified: boolean) => {
  const made = await createAccount(people.db, people.deps);
  if (verified) {
    await people.db.admin.sql`update users set email_verified_at = now()
      where id = ${made.userId}`;
  }
  issuer.person.claims['email'] = made.email;
  return made;
};
const anotherTime = (changes: object) => {
  issuer.person.claims = { ...issuer.person.claims, ...changes };
};

describe('single sign-on', () => {
  test('finds an account by its verified e-mail, then by issuer and subject', async () => {
    const ada = await account(true);
    anotherTime({ email: ada.email.toUpperCase() });
    expect((await goThrough()).userId).toBe(ada.userId);
    anotherTime({ email: someEmail(), email_verified: false });
    const { userId, token } = await goThrough();
    expect(userId).toBe(ada.userId);
    expect(await personOf(people.sessions, token)).toMatchObject({ email: ada.email });
    // The password goes on beside it.
    await signInToken(people.deps, ada.email);
  });

  test('asks for the code with PKCE, state and nonce', async () => {
    const { url } = await begin();
    const asked = new URL(url).searchParams;
    expect(asked.get('redirect_uri')).toBe('https://opsforge.test/sign-in/callback');
    expect(asked.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(asked.get(name)?.length).toBeGreaterThan(40);
    }
  });

  test('takes from an account whose e-mail nobody had verified what others may have set', async () => {
    const planted = await account(false);
    const session = await signInToken(people.deps, planted.email);
    const { userId } = await goThrough();
    expect(userId).toBe(planted.userId);
    expect(await people.sessions.authenticate(session)).toBeNull();
    const old = { email: planted.email, password: testPassword };
    expect(await codeOf(signIn(people.deps, old, someBrowser()))).toBe('unauthenticated');
  });

  test('asks the user info for an e-mail that is not in the token', async () => {
    const ada = await account(true);
    issuer.person.claims = { sub: subject };
    issuer.person.userInfo = { sub: subject, email: ada.email, email_verified: 'true' };
    expect((await goThrough()).userId).toBe(ada.userId);
    issuer.person.claims = { sub: crypto.randomUUID() };
    expect(await codeOf(goThrough())).toBe('unauthenticated');
  });

  test('believes no e-mail that the provider has not verified', async () => {
    await account(true);
    for (const said of [false, undefined, 'yes']) {
      anotherTime({ email_verified: said });
      expect(await codeOf(goThrough())).toBe('forbidden');
    }
    anotherTime({ email: undefined, email_verified: true });
    expect(await codeOf(goThrough())).toBe('unauthenticated');
  });

  test('refuses a token that another key has signed', async () => {
    await account(true);
    issuer.person.wrongKey = true;
    expect(await codeOf(goThrough())).toBe('unauthenticated');
  });

  test.each([
    { aud: 'another client' },
    { iss: 'https://elsewhere.test' },
    { nonce: 'another nonce' },
    { exp: 1 },
  ])('refuses a token with %j', async (changes) => {
    await account(true);
    anotherTime(changes);
    expect(await codeOf(goThrough())).toBe('unauthenticated');
  });

  test('refuses the code of another browser, a state that is forged, and one that is old', async () => {
    await account(true);
    const [mine, theirs] = [await begin(), await begin()];
    const finish = (query: string, state: string) =>
      codeOf(finishSingleSignOn(deps, { query, state }, someBrowser()));
    expect(await finish(issuer.authorize(theirs.url), mine.state)).toBe('unauthenticated');
    expect(await finish(issuer.authorize(mine.url), 'forged')).toBe('unauthenticated');
    expect(await finish('?error=access_denied', mine.state)).toBe('unauthenticated');
    const query = issuer.authorize(mine.url);
    people.skew.ms = 11 * 60_000;
    expect(await finish(query, mine.state)).toBe('unauthenticated');
    people.skew.ms = 0;
    expect(await finish(query, mine.state)).toBe('done');
    expect(await finish(query, mine.state)).toBe('unauthenticated');
  });

  test('makes no account by itself, but by an invitation, or where sign-up is open', async () => {
    expect(await codeOf(goThrough())).toBe('forbidden');
    const tenant = await createTenant(people.db.database);
    const ctx = { deps, tenantId: tenant.tenantId, actor: { kind: 'operator' }, origin: null };
    const made = await createInvitation(ctx as never, { email, role: 'viewer' });
    const invitation = new URL(made.link).searchParams.get('token');
    const { token } = await goThrough(invitation);
    const person = await personOf(people.sessions, token);
    expect(person).toMatchObject({ name: 'Grace', email });
    expect(person.memberships).toMatchObject([{ tenantId: tenant.tenantId, role: 'viewer' }]);

    anotherTime({ sub: crypto.randomUUID(), email: someEmail() });
    const other = await createInvitation(ctx as never, { email: someEmail(), role: 'viewer' });
    const foreign = new URL(other.link).searchParams.get('token');
    expect(await codeOf(goThrough(foreign))).toBe('forbidden');
    const opened = await goThrough(null, { ...deps, signUp: 'open' });
    const owner = await personOf(people.sessions, opened.token);
    expect(owner.memberships).toMatchObject([{ name: 'Grace', role: 'owner' }]);
  });

  test('is away while the provider is, at the start too, and back when it is', async () => {
    await account(true);
    const late = { ...deps, singleSignOn: createOidcProvider(issuer) };
    issuer.person.down = true;
    expect(await codeOf(begin(null, late))).toBe('unavailable');
    issuer.person.down = false;
    expect(await codeOf(goThrough(null, late))).toBe('done');
    const nowhere = createOidcProvider({ ...issuer, issuer: 'http://127.0.0.1:9' });
    expect(await codeOf(begin(null, { ...deps, singleSignOn: nowhere }))).toBe('unavailable');
    expect(await codeOf(begin(null, { ...deps, singleSignOn: null }))).toBe('not_found');
  });
});

/**
 * Nobody learns by asking who has an account here: what is said, with every header, is the same
 * for an address that has one and for one that has none, and passwords are hashed as often.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import type { PasswordHasher } from '../../../src/lib/password-hasher.ts';
import { createInvitation } from '../../../src/usecases/people/invite.ts';
import { createAccount, someEmail } from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';
import { createTenant, type TestTenant } from '../../support/tenants.ts';
import { comparable } from '../../support/walls/answer-rules.ts';

let pages: TestPages;
let tenant: TestTenant;
let known: string;
let unknown: string;
let hashed = 0;
beforeAll(async () => {
  pages = await startPages();
  const { hash, verify } = pages.people.passwords;
  // The real ones, counted.
  const passwords: PasswordHasher = {
    hash: (password) => counted(hash(password)),
    verify: (password, stored) => counted(verify(password, stored)),
  };
  Object.assign(pages.people, { passwords, mail: () => {}, signUp: 'open' });
});
afterAll(() => pages.stop());
beforeEach(async () => {
  pages.signOut();
  tenant = await createTenant(pages.db.database);
  known = (await createAccount(pages.db, pages.people)).email;
  unknown = someEmail();
  await pages.db.admin.sql`delete from sign_in_throttles`;
});

function counted<Result>(work: Promise<Result>): Promise<Result> {
  hashed += 1;
  return work;
}

const password = 'a password of nobody';

async function invite(email: string): Promise<string> {
  const actor = { kind: 'operator' } as const;
  const ctx = { deps: pages.people, tenantId: tenant.tenantId, actor, origin: null };
  const { link } = await createInvitation(ctx, { email, role: 'member' });
  return new URL(link).searchParams.get('token') ?? '';
}

/** `ask` is asked once for each; `hashes` of passwords are made for either. */
async function expectAlike(
  hashes: number,
  ask: (email: string, token: string) => ReturnType<TestPages['get']>,
): Promise<void> {
  const answers: string[] = [];
  for (const email of [known, unknown]) {
    const token = await invite(email);
    hashed = 0;
    const answer = await ask(email, token);
    expect(hashed).toBe(hashes);
    const asked = { EMAIL: email, TOKEN: token, ENCODED: encodeURIComponent(email) };
    // Seconds pass between the two.
    answers.push(comparable(answer, asked).replace(/("retry-after",")\d+/, '$1SECONDS'));
  }
  expect(answers[0]).toBe(answers[1] ?? '');
}

test('signing in', () => expectAlike(1, (email) => pages.post('/sign-in', { email, password })));

test('signing in, tried too often', () =>
  expectAlike(10, async (email) => {
    for (let tried = 0; tried < 10; tried += 1) await pages.post('/sign-in', { email, password });
    return pages.post('/sign-in', { email, password });
  }));

test('signing up', () =>
  expectAlike(1, (email) =>
    pages.post('/sign-up', { email, password, name: 'Grace', tenantName: 'Acme' }),
  ));

test('asking for a new password', () =>
  expectAlike(0, (email) => pages.post('/forgot-password', { email })));

test('reading an invitation', () =>
  expectAlike(0, (_, token) => pages.get(`/invitation?token=${token}`)));

test('accepting an invitation with a name and a password', () =>
  expectAlike(1, (_, token) => pages.post('/invitation', { token, password, name: 'Grace' })));

test('inviting', async () => {
  await pages.signIn(tenant);
  const path = `/t/${tenant.name}/settings/team/invitations`;
  const statuses = [];
  for (const email of [known, unknown]) {
    const answer = await pages.post(path, { email, role: 'member' });
    statuses.push(answer.status);
    expect(answer.text).toContain(`hand this link to ${email}`);
  }
  expect(statuses).toEqual([200, 200]);
});

/** What people do with their accounts, in the audit logs of their tenants; and further tenants. */
import { expect, test } from 'bun:test';
import { generate } from 'otplib';
import type { TenantId, UserId } from '../../../src/domain/ids.ts';
import { changePassword } from '../../../src/usecases/people/change-password.ts';
import { createTenant } from '../../../src/usecases/people/create-tenant.ts';
import {
  confirmSecondFactor,
  startSecondFactor,
} from '../../../src/usecases/people/second-factor.ts';
import { finishSignIn } from '../../../src/usecases/people/second-step.ts';
import { signIn } from '../../../src/usecases/people/sign-in.ts';
import { signOutEverywhere } from '../../../src/usecases/people/sign-out.ts';
import {
  codeOf,
  createAccount,
  personOf,
  signInToken,
  someBrowser,
  startFilePeople,
  testPassword,
} from '../../support/people.ts';
import { createTenant as someTenant } from '../../support/tenants.ts';

const people = await startFilePeople();

async function logOf(tenantId: TenantId, userId: UserId) {
  return people.db.admin.sql`
    select action, actor_kind, actor_id, actor_label, target_id, remote_address, request_id
    from audit_log where tenant_id = ${tenantId} and actor_id = ${userId} order by id`;
}
const actionsOf = async (tenantId: TenantId, userId: UserId) =>
  (await logOf(tenantId, userId)).map(({ action }) => action);

async function memberOfTwo() {
  const [one, two] = [await someTenant(people.db.database), await someTenant(people.db.database)];
  const account = await createAccount(people.db, people.deps, [
    { tenant: one, role: 'viewer' },
    { tenant: two, role: 'owner' },
  ]);
  return { ...account, one, two };
}

test('a sign-in stands in the log of each tenant of the person, with who and from where', async () => {
  const { email, userId, one, two } = await memberOfTwo();
  const strangers = await someTenant(people.db.database);
  const browser = someBrowser();
  await signIn(people.deps, { email, password: testPassword }, browser);
  for (const { tenantId } of [one, two]) {
    expect([...(await logOf(tenantId, userId))]).toEqual([
      {
        ...{ action: 'member.signed_in', actor_kind: 'member', actor_id: userId },
        ...{ actor_label: email, target_id: userId },
        remote_address: browser.remoteAddress,
        request_id: browser.requestId,
      },
    ]);
  }
  expect(await actionsOf(strangers.tenantId, userId)).toEqual([]);
  // A wrong password leaves nothing: who tried is not known.
  await codeOf(signIn(people.deps, { email, password: 'wrong' }, someBrowser()));
  expect(await actionsOf(one.tenantId, userId)).toEqual(['member.signed_in']);
});

test('a wrong second factor is kept although the sign-in is refused', async () => {
  const { email, userId, one } = await memberOfTwo();
  const person = await personOf(people.sessions, await signInToken(people.deps, email));
  const currentPassword = testPassword;
  const { secret } = await startSecondFactor(people.deps, person, { currentPassword });
  const code = await generate({ secret });
  await confirmSecondFactor(people.deps, person, { code }, someBrowser());
  const step = await signIn(people.deps, { email, password: testPassword }, someBrowser());
  const challenge = step.kind === 'second_step' ? step.challenge : '';
  const wrong = finishSignIn(people.deps, { challenge, code: '000000' }, someBrowser());
  expect(await codeOf(wrong)).toBe('unauthenticated');
  expect(await actionsOf(one.tenantId, userId)).toEqual([
    'member.signed_in',
    'member.second_factor_enabled',
    'member.second_factor_failed',
  ]);
});

test('another password and signing out everywhere are kept', async () => {
  const { email, userId, two } = await memberOfTwo();
  const person = await personOf(people.sessions, await signInToken(people.deps, email));
  const change = { currentPassword: testPassword, newPassword: 'a quite different one' };
  await changePassword(people.deps, person, change, someBrowser());
  await signOutEverywhere(people.deps, person, someBrowser());
  expect(await actionsOf(two.tenantId, userId)).toEqual([
    'member.signed_in',
    'member.password_changed',
    'member.signed_out_everywhere',
  ]);
});

test('who has a tenant makes another where sign-up is open, and stands in it at once', async () => {
  const { email, userId } = await memberOfTwo();
  const token = await signInToken(people.deps, email);
  const person = await personOf(people.sessions, token);
  const make = (name: string, signUp = people.deps.signUp) =>
    createTenant(people.depsWith({ signUp }), person, { name }, someBrowser());
  const { slug } = await make('Night Shift');
  const made = (await personOf(people.sessions, token)).memberships.find(
    (one) => one.slug === slug,
  );
  expect(made).toMatchObject({ name: 'Night Shift', role: 'owner' });
  if (made === undefined) throw new Error('the tenant is not among the memberships');
  expect(await actionsOf(made.tenantId, userId)).toEqual(['tenant.created']);
  const [project] = await people.db.admin.sql`
    select slug from projects where tenant_id = ${made.tenantId}`;
  expect(project?.['slug']).toBe('main');

  expect(await codeOf(make(' '))).toBe('invalid');
  expect(await codeOf(make('Other', 'first'))).toBe('forbidden');
  expect(await codeOf(make('Other', 'closed'))).toBe('forbidden');
});

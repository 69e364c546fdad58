import { describe, expect, test } from 'bun:test';
import type { Role } from '../../../src/domain/roles.ts';
import type { Ctx } from '../../../src/usecases/context.ts';
import {
  acceptInvitation,
  readInvitation,
  signUpInvited,
} from '../../../src/usecases/people/accept-invitation.ts';
import { createInvitation, revokeInvitation } from '../../../src/usecases/people/invite.ts';
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

const people = await startFilePeople('closed');

async function invite(email: string, role: Role = 'member') {
  const tenant = await createTenant(people.db.database);
  const { deps } = people;
  const ctx: Ctx = { deps, tenantId: tenant.tenantId, actor: { kind: 'operator' }, origin: null };
  const made = await createInvitation(ctx, { email, role });
  return { tenant, ctx, made, token: new URL(made.link).searchParams.get('token') ?? '' };
}
const fresh = (token: string) => ({ token, name: 'Grace', password: testPassword });

describe('an invitation', () => {
  test('is mailed with its link, in one line of subject', async () => {
    const email = someEmail();
    const { made, tenant } = await invite(email);
    const mail = people.mails.at(-1);
    expect(mail).toMatchObject({ to: email, subject: `Invitation to ${tenant.name} on opsforge` });
    expect(mail?.text).toContain(made.link);
    expect(made.mailed).toBe(true);
  });

  test('makes an account although sign-up is closed, once', async () => {
    const email = someEmail();
    const { tenant, token } = await invite(email, 'viewer');
    expect(await readInvitation(people.deps, token)).toMatchObject({
      ...{ tenantName: tenant.name, email, role: 'viewer' },
    });
    const bad = { ...fresh(token), password: 'short' };
    expect(await codeOf(signUpInvited(people.deps, bad, someBrowser()))).toBe('invalid');
    const made = await signUpInvited(people.deps, fresh(token), someBrowser());
    expect(made.tenantSlug).toBe(tenant.name);
    const person = await personOf(people.sessions, await signInToken(people.deps, email));
    expect(person).toMatchObject({ email, name: 'Grace' });
    expect(person.memberships).toMatchObject([{ tenantId: tenant.tenantId, role: 'viewer' }]);
    expect(await codeOf(signUpInvited(people.deps, fresh(token), someBrowser()))).toBe('not_found');
    expect(await readInvitation(people.deps, token)).toBeNull();
  });

  test('adds a tenant to who has an account, at once in their session', async () => {
    const home = await createTenant(people.db.database);
    const ada = await createAccount(people.db, people.deps, [{ tenant: home, role: 'owner' }]);
    const session = await signInToken(people.deps, ada.email);
    const person = await personOf(people.sessions, session);
    const { tenant, token } = await invite(ada.email, 'admin');
    // Answered as somebody new, and nothing is made: who asks may not be who has the account.
    expect(await signUpInvited(people.deps, fresh(token), someBrowser())).toEqual({
      tenantSlug: tenant.name,
    });
    expect((await personOf(people.sessions, session)).memberships).toHaveLength(1);
    await acceptInvitation(people.deps, person, token, someBrowser());
    const { memberships } = await personOf(people.sessions, session);
    expect(memberships.map(({ role }) => role).toSorted()).toEqual(['admin', 'owner']);
    expect(memberships.map(({ tenantId }) => tenantId)).toContain(tenant.tenantId);
    expect(await codeOf(acceptInvitation(people.deps, person, token, someBrowser()))).toBe(
      'not_found',
    );
  });

  test('is for the person it names alone', async () => {
    const stranger = await createAccount(people.db, people.deps);
    const session = await signInToken(people.deps, stranger.email);
    const person = await personOf(people.sessions, session);
    const { token } = await invite(someEmail());
    expect(await codeOf(acceptInvitation(people.deps, person, token, someBrowser()))).toBe(
      'forbidden',
    );
    expect(await readInvitation(people.deps, token)).not.toBeNull();
  });

  test('counts no more once it is withdrawn or too old, and no other link does', async () => {
    const withdrawn = await invite(someEmail());
    // Safe because it is the id of the invitation that was just made.
    await revokeInvitation(withdrawn.ctx, withdrawn.made.id as never);
    const old = await invite(someEmail());
    await people.db.admin.sql`update invitations set expires_at = now()
      where id = ${old.made.id}`;
    for (const token of [withdrawn.token, old.token, '', 'x'.repeat(43)]) {
      expect(await readInvitation(people.deps, token)).toBeNull();
      expect(await codeOf(signUpInvited(people.deps, fresh(token), someBrowser()))).toBe(
        'not_found',
      );
    }
  });

  test('makes one account, when its link is used in two browsers at once', async () => {
    const { token, tenant } = await invite(someEmail());
    const tries = [1, 2].map(() => codeOf(signUpInvited(people.deps, fresh(token), someBrowser())));
    expect(await Promise.all(tries)).toContain('done');
    const [row] = await people.db.admin.sql`
      select count(*)::int as count from memberships where tenant_id = ${tenant.tenantId}`;
    expect(row?.['count']).toBe(1);
  });
});

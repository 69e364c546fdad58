import { beforeAll, describe, expect, test } from 'bun:test';
import { AppError } from '../../../src/domain/errors.ts';
import { attemptLimits } from '../../../src/domain/sign-in-limits.ts';
import { makeOwner } from '../../../src/usecases/people/make-owner.ts';
import { findSignUpLink, makeSignUpLink } from '../../../src/usecases/people/make-sign-up-link.ts';
import type { SignUpPolicy } from '../../../src/usecases/people/people-deps.ts';
import { maySignUp, type SignUpInput, signUp } from '../../../src/usecases/people/sign-up.ts';
import {
  codeOf,
  createAccount,
  personOf,
  signInToken,
  someBrowser,
  someEmail,
  startFilePeople,
  startPeople,
  type TestPeople,
  testPassword,
} from '../../support/people.ts';
import { createTenant } from '../../support/tenants.ts';

const people = await startFilePeople('open');

const input = (changes: Partial<SignUpInput> = {}): SignUpInput => ({
  ...{ email: someEmail(), name: 'Ada', password: testPassword, tenantName: 'Acme', token: null },
  ...changes,
});
const tokenOf = (link: string) => new URL(link).searchParams.get('token') ?? '';

/** An installation without any account. */
async function freshly(
  policy: SignUpPolicy,
  work: (fresh: TestPeople) => Promise<void>,
): Promise<void> {
  const fresh = await startPeople(policy);
  try {
    await work(fresh);
  } finally {
    await fresh.stop();
  }
}

describe('the first account', () => {
  test.each(['first', 'open'] as const)('needs the one-time link with %s', async (policy) => {
    await freshly(policy, async ({ deps, sessions }) => {
      for (const token of [null, '', 'x'.repeat(43)]) {
        expect(await maySignUp(deps, token)).toBe(false);
        expect(await codeOf(signUp(deps, input({ token }), someBrowser()))).toBe('forbidden');
      }
      const link = await makeSignUpLink(deps);
      expect(link).toStartWith('https://opsforge.test/sign-up?token=');
      const token = tokenOf(link);
      expect(await maySignUp(deps, token)).toBe(true);
      const bad = input({ token, password: 'short' });
      expect(await codeOf(signUp(deps, bad, someBrowser()))).toBe('invalid');
      const made = await signUp(deps, input({ token, tenantName: 'Acme & Söhne' }), someBrowser());
      if (made.kind !== 'signed_in') throw new Error('the first person is not signed in');
      const person = await personOf(sessions, made.token);
      const [membership] = person.memberships;
      expect(membership).toMatchObject({ role: 'owner', slug: 'acme-sohne', name: 'Acme & Söhne' });

      expect(await findSignUpLink(deps)).toBeNull();
      expect(await codeOf(makeSignUpLink(deps))).toBe('conflict');
      const again = signUp({ ...deps, signUp: 'first' }, input({ token }), someBrowser());
      expect(await codeOf(again)).toBe('forbidden');
    });
  });

  test('is one, when two people have links and use them at once', async () => {
    await freshly('first', async ({ deps, db }) => {
      const tokens = [tokenOf(await makeSignUpLink(deps)), tokenOf(await makeSignUpLink(deps))];
      const tries = tokens.map((token) => codeOf(signUp(deps, input({ token }), someBrowser())));
      expect((await Promise.all(tries)).toSorted()).toEqual(['done', 'forbidden']);
      const [row] = await db.admin.sql`select count(*)::int as count from tenants`;
      expect(row?.['count']).toBe(1);
    });
  });

  test('is not to be had from a link that is too old, nor where sign-up is closed', async () => {
    await freshly('first', async ({ deps, db }) => {
      const token = tokenOf(await makeSignUpLink(deps));
      const closed = { ...deps, signUp: 'closed' as const };
      expect(await codeOf(signUp(closed, input({ token }), someBrowser()))).toBe('forbidden');
      expect(await codeOf(makeSignUpLink(closed))).toBe('conflict');
      await db.admin.sql`update one_time_tokens set expires_at = now()`;
      expect(await codeOf(signUp(deps, input({ token }), someBrowser()))).toBe('forbidden');
    });
  });
});

describe('open sign-up', () => {
  const open = (changes: Partial<SignUpInput> = {}) =>
    signUp(people.deps, input(changes), someBrowser());
  beforeAll(async () => {
    await createAccount(people.db, people.deps);
  });

  test('makes a tenant with a project of its own, and the slug that is free', async () => {
    const name = `Ümläut ${crypto.randomUUID()}`;
    const emails = [someEmail(), someEmail()];
    for (const email of emails) {
      expect(await open({ email, tenantName: name })).toEqual({ kind: 'sign_in' });
    }
    const slugs = await Promise.all(
      emails.map(async (email) => {
        const token = await signInToken(people.deps, email);
        const { memberships } = await personOf(people.sessions, token);
        return memberships[0]?.slug ?? '';
      }),
    );
    expect(slugs[1]).toBe(`${slugs[0]}-2`);
    const rows = await people.db.admin.sql`
      select p.slug from projects p join tenants t on t.id = p.tenant_id
      where t.slug in ${people.db.admin.sql(slugs)}`;
    expect(rows.map(({ slug }) => slug)).toEqual(['main', 'main']);
    const [user] = await people.db.admin.sql`
      select * from users where email = ${emails[0] ?? ''}`;
    expect(user?.['password_hash']).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(user?.['email_verified_at']).toBeNull();
  });

  test('has one account for an e-mail, however it is written', async () => {
    const email = someEmail();
    await open({ email });
    const tenantName = `Another ${crypto.randomUUID()}`;
    // As if it were new: nobody learns who has an account.
    const again = { email: email.toUpperCase(), password: 'another password', tenantName };
    expect(await open(again)).toEqual({ kind: 'sign_in' });
    await signInToken(people.deps, email);
    const rows = await people.db.admin.sql`select id from tenants where name = ${tenantName}`;
    expect(rows).toHaveLength(0);
  });

  test.each([
    [{ email: 'no-address' }, 'email'],
    [{ email: 'a@b\r\nbcc: x@y' }, 'email'],
    [{ name: ' ' }, 'name'],
    [{ name: 'a\0' }, 'name'],
    [{ name: 'a'.repeat(201) }, 'name'],
    [{ tenantName: '' }, 'tenantName'],
    [{ password: 'nine long' }, 'password'],
    [{ password: 'x'.repeat(201) }, 'password'],
    [{ password: 'Password123' }, 'password'],
    [{ password: 'abababababab' }, 'password'],
    [{ email: 'somebody@opsforge.test', password: 'somebody@opsforge.test' }, 'password'],
  ])('refuses %j for its %s', async (changes, path) => {
    const error = await open(changes).catch((thrown: unknown) => thrown);
    if (!(error instanceof AppError)) throw new Error(`no AppError but ${String(error)}`);
    expect([error.code, error.fields.map((field) => field.path)]).toEqual(['invalid', [path]]);
  });

  test('is throttled by address', async () => {
    const browser = someBrowser();
    const { attemptsMax } = attemptLimits.sign_up_address;
    const tryOnce = () => codeOf(signUp(people.deps, input({ password: '' }), browser));
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      expect(await tryOnce()).toBe('invalid');
    }
    expect(await tryOnce()).toBe('rate_limited');
  });
});

describe('an owner from the command line', () => {
  test('is made once; an account that exists keeps its password and becomes an owner', async () => {
    const tenant = await createTenant(people.db.database);
    const email = someEmail();
    await makeOwner(people.deps, tenant.tenantId, { email, password: testPassword });
    await makeOwner(people.deps, tenant.tenantId, { email, password: 'another password' });
    const token = await signInToken(people.deps, email);
    const { memberships } = await personOf(people.sessions, token);
    expect(memberships).toMatchObject([{ tenantId: tenant.tenantId, role: 'owner' }]);

    const member = await createAccount(people.db, people.deps, [{ tenant, role: 'viewer' }]);
    await makeOwner(people.deps, tenant.tenantId, { email: member.email, password: '' });
    const raised = await personOf(people.sessions, await signInToken(people.deps, member.email));
    expect(raised.memberships[0]?.role).toBe('owner');
    const bad = { email: 'x', password: 'short' };
    expect(await codeOf(makeOwner(people.deps, tenant.tenantId, bad))).toBe('invalid');
  });
});

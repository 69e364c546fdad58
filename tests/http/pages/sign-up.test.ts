/** The first account by its link, open sign-up, and neither. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { makeSignUpLink } from '../../../src/usecases/people/make-sign-up-link.ts';
import { findPageOffences } from '../../support/page-rules.ts';
import { createAccount, someEmail } from '../../support/people.ts';
import { startPages, type TestPages } from '../../support/signed-in.ts';

let pages: TestPages;
let form: Record<string, string>;
beforeEach(async () => {
  pages = await startPages();
  form = {
    ...{ name: 'Grace', email: someEmail(), password: 'correct horse battery' },
    tenantName: 'Northwind Freight',
  };
});
afterEach(() => pages.stop());

const link = async () => {
  const { search, searchParams } = new URL(await makeSignUpLink(pages.people));
  return { search, token: searchParams.get('token') ?? '' };
};

describe('the first account', () => {
  test('is made by the link, and its owner stands in the first run of their project', async () => {
    const { search, token } = await link();
    const page = await pages.get(`/sign-up${search}`);
    expect(page.text).toContain('Make the first account');
    expect(await findPageOffences(page.text)).toEqual([]);
    const made = await pages.post('/sign-up', { ...form, token });
    expect(made.headers.get('location')).toBe('/');
    const [cookie = ''] = (made.headers.get('set-cookie') ?? '').split(';');
    const home = await pages.get('/', { cookie });
    expect(home.headers.get('location')).toBe('/t/northwind-freight/p/main');
    const first = await pages.get('/t/northwind-freight/p/main', { cookie });
    expect(first.text).toContain('Send your first webhook');
    expect((await pages.get(`/sign-up${search}`)).status).toBe(403);
    expect((await pages.post('/sign-up', { ...form, email: someEmail(), token })).status).toBe(403);
  });

  test('is not made without the link, whatever the policy', async () => {
    for (const policy of ['first', 'open', 'closed'] as const) {
      pages.people.signUp = policy;
      expect((await pages.get('/sign-up')).status).toBe(403);
      expect((await pages.post('/sign-up', form)).status).toBe(403);
    }
  });

  test('is refused with an error at each field, and without the password in the answer', async () => {
    const { token } = await link();
    const wrong = { name: ' ', email: 'no', password: 'hunter2', tenantName: 'A', token };
    const answer = await pages.post('/sign-up', wrong);
    expect(answer.status).toBe(422);
    for (const name of ['name', 'email', 'password']) {
      expect(answer.text).toContain(`id="${name}-error"`);
    }
    expect(answer.text).not.toContain('hunter2');
    expect(answer.text).toContain('value="no"');
    expect(await findPageOffences(answer.text)).toEqual([]);
  });
});

test('is open to everybody once there is an account and the policy says so', async () => {
  await createAccount(pages.db, pages.people);
  expect((await pages.get('/sign-up')).status).toBe(403);
  pages.people.signUp = 'open';
  expect((await pages.get('/sign-up')).text).toContain('Make an account');
  expect((await pages.get('/sign-in')).text).toContain('href="/sign-up"');
  const made = await pages.post('/sign-up', form);
  const next = made.headers.get('location') ?? '';
  expect(next).toBe('/sign-in?next=%2F&account=ready');
  expect((await pages.get(next)).text).toContain('Your account is ready');
  const entered = await pages.post('/sign-in', { ...form, next: '/' });
  expect(entered.headers.get('location')).toBe('/');
});

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Role } from '../../src/domain/roles.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { createAccount, createSession, someEmail } from '../support/people.ts';
import type { TestTenant } from '../support/tenants.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const members = '/api/v1/members';
const invitations = '/api/v1/invitations';
const passwords = createPasswordHasher();

async function join(tenant: TestTenant, role: Role) {
  const { userId, email } = await createAccount(api.db, { passwords }, [{ tenant, role }]);
  const token = await createSession(api.db, userId);
  const headers = {
    cookie: `__Host-opsforge_session=${token}`,
    'sec-fetch-site': 'same-origin',
  };
  const ask = (method: string, path: string, body?: unknown) =>
    api.send(method, path, { headers, ...(body === undefined ? {} : { body }) });
  const setRole = async (of: { userId: string }, to: string) =>
    (await ask('PATCH', `${members}/${of.userId}`, { role: to })).status;
  const remove = async (of: { userId: string }) =>
    (await ask('DELETE', `${members}/${of.userId}`)).status;
  return { userId, email, ask, setRole, remove };
}

describe('members', () => {
  test('are listed newest first, with their roles, and no one else’s', async () => {
    const [tenant, other] = [await api.newTenant(), await api.newTenant()];
    const owner = await join(tenant, 'owner');
    const viewer = await join(tenant, 'viewer');
    const stranger = await join(other, 'owner');
    const listed = await viewer.ask('GET', `${members}?limit=1`);
    expect(listed.ids()).toEqual([viewer.userId]);
    const rest = await viewer.ask('GET', `${members}?cursor=${listed.string('nextCursor')}`);
    expect(rest.ids()).toEqual([owner.userId]);
    const shown = await viewer.ask('GET', `${members}/${owner.userId}`);
    expect(shown.body).toMatchObject({ email: owner.email, role: 'owner', secondFactor: false });
    for (const method of ['GET', 'DELETE']) {
      const answer = await owner.ask(method, `${members}/${stranger.userId}`);
      expect(answer.status).toBe(404);
    }
    expect(await owner.setRole(stranger, 'viewer')).toBe(404);
  });

  test('get another role that counts at the next request', async () => {
    const tenant = await api.newTenant();
    const owner = await join(tenant, 'owner');
    const viewer = await join(tenant, 'viewer');
    const invite = () => viewer.ask('POST', invitations, { email: someEmail(), role: 'viewer' });
    expect((await invite()).status).toBe(403);
    expect(await owner.setRole(viewer, 'admin')).toBe(200);
    expect((await invite()).status).toBe(201);
    expect(await owner.setRole(viewer, 'king')).toBe(422);
    expect(await owner.remove(viewer)).toBe(204);
    // In no tenant any more, the person has nothing to ask about.
    expect((await invite()).status).toBe(422);
  });

  test('are made and unmade owners by owners alone, and the last one stays', async () => {
    const tenant = await api.newTenant();
    const owner = await join(tenant, 'owner');
    const admin = await join(tenant, 'admin');
    const member = await join(tenant, 'member');
    expect(await admin.setRole(member, 'owner')).toBe(403);
    expect(await admin.setRole(admin, 'owner')).toBe(403);
    expect(await admin.setRole(owner, 'admin')).toBe(403);
    expect(await admin.remove(owner)).toBe(403);
    expect(await member.setRole(member, 'viewer')).toBe(403);
    expect(await admin.setRole(member, 'viewer')).toBe(200);
    expect(await owner.setRole(owner, 'admin')).toBe(409);
    expect(await owner.remove(owner)).toBe(409);
    expect(await owner.setRole(admin, 'owner')).toBe(200);
    expect(await owner.setRole(owner, 'admin')).toBe(200);
  });

  test('that are two owners cannot both leave at once', async () => {
    const tenant = await api.newTenant();
    const [one, two] = [await join(tenant, 'owner'), await join(tenant, 'owner')];
    const ends = await Promise.all([one.remove(one), two.remove(two)]);
    expect(ends.toSorted()).toEqual([204, 409]);
    const [row] = await api.db.admin.sql`
      select count(*)::int as owners from memberships where tenant_id = ${tenant.tenantId}`;
    expect(row?.['owners']).toBe(1);
  });

  test('may leave by themselves, whatever their role', async () => {
    const tenant = await api.newTenant();
    const viewer = await join(tenant, 'viewer');
    const other = await join(tenant, 'viewer');
    expect(await viewer.remove(other)).toBe(403);
    expect(await viewer.remove(viewer)).toBe(204);
  });

  test('are not raised by a key above what the key may do itself', async () => {
    const tenant = await api.newTenant();
    const viewer = await join(tenant, 'viewer');
    const path = `${members}/${viewer.userId}`;
    const small = await api.keyOf(tenant, ['members:write'], { tenantWide: true });
    const admin = await api.keyOf(tenant, ['admin'], { tenantWide: true });
    const patch = async (key: string, role: string) =>
      (await api.send('PATCH', path, { key, body: { role } })).status;
    expect(await patch(small, 'admin')).toBe(403);
    expect(await patch(admin, 'owner')).toBe(403);
    expect(await patch(admin, 'admin')).toBe(200);
    expect((await api.send('DELETE', path, { key: small })).status).toBe(403);
  });
});

describe('invitations', () => {
  test('show their link once, are listed while they are open, and withdrawn', async () => {
    const [tenant, other] = [await api.newTenant(), await api.newTenant()];
    const admin = await join(tenant, 'admin');
    const stranger = await join(other, 'owner');
    const email = someEmail();
    const body = { email: ` ${email.toUpperCase()}`, role: 'member' };
    const made = await admin.ask('POST', invitations, body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ email, role: 'member', invitedBy: 'Ada', mailed: false });
    expect(made.string('link')).toStartWith('https://opsforge.test/invitation?token=');
    const { link: _link, mailed: _mailed, ...rest } = Object(made.body);
    const path = `${invitations}/${made.string('id')}`;
    expect((await admin.ask('GET', path)).body).toEqual(rest);
    expect((await admin.ask('GET', invitations)).ids()).toEqual([made.string('id')]);
    expect((await stranger.ask('GET', invitations)).ids()).toEqual([]);
    expect((await stranger.ask('GET', path)).status).toBe(404);
    expect((await stranger.ask('DELETE', path)).status).toBe(404);

    const again = await admin.ask('POST', invitations, body);
    expect((await admin.ask('GET', invitations)).ids()).toEqual([again.string('id')]);
    expect((await admin.ask('DELETE', path)).status).toBe(404);
    const second = `${invitations}/${again.string('id')}`;
    expect((await admin.ask('DELETE', second)).status).toBe(204);
    expect((await admin.ask('GET', invitations)).ids()).toEqual([]);
  });

  test('are for no member, by no viewer, to no role above one’s own, nor of nonsense', async () => {
    const tenant = await api.newTenant();
    const owner = await join(tenant, 'owner');
    const admin = await join(tenant, 'admin');
    const viewer = await join(tenant, 'viewer');
    const invite = async (who: typeof admin, role: string, email = someEmail()) =>
      (await who.ask('POST', invitations, { email, role })).status;
    expect(await invite(admin, 'member', viewer.email)).toBe(409);
    expect(await invite(viewer, 'viewer')).toBe(403);
    expect(await invite(admin, 'owner')).toBe(403);
    expect(await invite(owner, 'owner')).toBe(201);
    expect(await invite(owner, 'king')).toBe(422);
    expect(await invite(owner, 'viewer', 'a@b\r\nbcc: c@d')).toBe(422);
  });

  test('are at most 200 at a time', async () => {
    const tenant = await api.newTenant();
    const owner = await join(tenant, 'owner');
    await api.db.admin.sql`
      insert into invitations (id, tenant_id, email, role, token_hash, expires_at)
      select gen_random_uuid(), ${tenant.tenantId}, n || '@opsforge.test', 'viewer',
        sha256((${tenant.tenantId}::text || n)::bytea), now() + interval '1 day'
      from generate_series(1, 200) n`;
    const invite = async (email: string) =>
      (await owner.ask('POST', invitations, { email, role: 'viewer' })).status;
    expect(await invite(someEmail())).toBe(409);
    expect(await invite('7@opsforge.test')).toBe(201);
  });
});

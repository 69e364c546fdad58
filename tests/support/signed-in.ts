/** Pages as a browser asks for them: somebody's session, HTML wanted, forms from our own pages. */
import type { Role } from '../../src/domain/roles.ts';
import { createPasswordHasher } from '../../src/lib/password-hasher.ts';
import { startApi, type TestApi } from './api.ts';
import { createAccount, createSession } from './people.ts';
import type { TestTenant } from './tenants.ts';

type Answer = ReturnType<TestApi['send']>;

export type TestPages = TestApi & {
  /** From here on a new person with this role asks. */
  signIn(tenant: TestTenant, role?: Role): Promise<void>;
  /** From here on nobody does. */
  signOut(): void;
  /** `Cookie` of who is signed in, empty for nobody. */
  cookie(): string;
  get(path: string, headers?: Record<string, string>): Answer;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Answer;
};

const formType = 'application/x-www-form-urlencoded';

export async function startPages(options: Parameters<typeof startApi>[0] = {}): Promise<TestPages> {
  const api = await startApi(options);
  // On https the cookie has the prefix that binds it to its host.
  const cookieName = `${options.atItsUrl ? '' : '__Host-'}opsforge_session`;
  const passwords = createPasswordHasher();
  let session = '';
  // An empty one is left out: older browsers send no Sec-Fetch-Site, for one.
  const browserHeaders = ({ cookie, ...headers }: Record<string, string>) => {
    const all = {
      accept: 'text/html',
      cookie: [session, cookie].filter(Boolean).join('; '),
      ...headers,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  };
  return {
    ...api,
    async signIn(tenant, role = 'owner') {
      const account = await createAccount(api.db, { passwords }, [{ tenant, role }]);
      session = `${cookieName}=${await createSession(api.db, account.userId)}`;
    },
    signOut() {
      session = '';
    },
    cookie: () => session,
    get: (path, headers = {}) => api.send('GET', path, { headers: browserHeaders(headers) }),
    post: (path, form, headers = {}) =>
      api.send('POST', path, {
        rawBody: new URLSearchParams(form).toString(),
        headers: browserHeaders({
          'content-type': formType,
          'sec-fetch-site': 'same-origin',
          ...headers,
        }),
      }),
  };
}

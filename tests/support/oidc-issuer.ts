/**
 * A small OpenID Connect provider on 127.0.0.1: discovery, authorization code with PKCE, ID tokens
 * signed by RS256, user info. What it says of the person, and with which key it signs, is set by
 * the test.
 */
type Claims = Record<string, unknown>;

export type OidcIssuer = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Set by tests. `wrongKey`: sign by a key that is not published. */
  person: { claims: Claims; userInfo: Claims; wrongKey: boolean; down: boolean };
  /** What the browser does there: answers the query that it brings back. */
  authorize(url: string): string;
  stop(): Promise<void>;
};

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

const base64url = (value: string | ArrayBuffer) =>
  Buffer.from(typeof value === 'string' ? Buffer.from(value) : new Uint8Array(value)).toString(
    'base64url',
  );

async function signed(key: CryptoKey, claims: Claims): Promise<string> {
  const header = base64url(JSON.stringify({ alg: 'RS256', kid: 'one', typ: 'JWT' }));
  const text = `${header}.${base64url(JSON.stringify(claims))}`;
  const signature = await crypto.subtle.sign(algorithm.name, key, Buffer.from(text));
  return `${text}.${base64url(signature)}`;
}

export async function startOidcIssuer(): Promise<OidcIssuer> {
  const [right, wrong] = await Promise.all(
    [1, 2].map(() => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])),
  );
  if (right === undefined || wrong === undefined) throw new Error('no keys were made');
  const jwk = await crypto.subtle.exportKey('jwk', right.publicKey);
  const person: OidcIssuer['person'] = {
    ...{ claims: {}, userInfo: {}, wrongKey: false, down: false },
  };
  let issuer = '';
  const codes = new Map<string, { nonce: string; challenge: string }>();

  async function token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const verifier = form.get('code_verifier') ?? '';
    const challenge = new Bun.CryptoHasher('sha256').update(verifier).digest('base64url');
    if (code === undefined || challenge !== code.challenge) {
      return Response.json({ error: 'invalid_grant' }, { status: 400 });
    }
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const claims = {
      ...{ iss: issuer, aud: 'opsforge', iat: nowSeconds, exp: nowSeconds + 60 },
      ...{ nonce: code.nonce, ...person.claims },
    };
    const key = person.wrongKey ? wrong?.privateKey : right?.privateKey;
    if (key === undefined) throw new Error('no key');
    const id_token = await signed(key, claims);
    return Response.json({ access_token: 'a', token_type: 'Bearer', expires_in: 60, id_token });
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      if (person.down) return new Response('down', { status: 503 });
      const { pathname } = new URL(request.url);
      if (pathname === '/jwks')
        return Response.json({ keys: [{ ...jwk, kid: 'one', use: 'sig' }] });
      if (pathname === '/userinfo') return Response.json(person.userInfo);
      if (pathname === '/token') return token(request);
      if (pathname !== '/.well-known/openid-configuration') {
        return new Response('nothing', { status: 404 });
      }
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    },
  });
  issuer = `http://127.0.0.1:${server.port}`;
  return {
    ...{ issuer, clientId: 'opsforge', clientSecret: 'hush', person },
    authorize(url) {
      const asked = new URL(url).searchParams;
      const code = crypto.randomUUID();
      codes.set(code, {
        nonce: asked.get('nonce') ?? '',
        challenge: asked.get('code_challenge') ?? '',
      });
      return `?${new URLSearchParams({ code, state: asked.get('state') ?? '' })}`;
    },
    async stop() {
      await server.stop(true);
    },
  };
}

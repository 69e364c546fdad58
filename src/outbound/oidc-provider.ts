/**
 * Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce. The provider is
 * asked for its description when somebody signs in, not at the start, so that one that is down
 * takes nothing else down. Signatures of ID tokens are checked: openid-client does so only with
 * `enableNonRepudiationChecks`, and takes a token signed by any key without it.
 */
import * as client from 'openid-client';
import { AppError } from '../domain/errors.ts';

/** What the provider vouches for. */
export type OidcClaims = {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
};

/** Secrets of one sign-in, kept by its browser until it comes back. */
export type OidcChecks = { state: string; nonce: string; codeVerifier: string };

export type OidcProvider = {
  /** Where to send the browser. Throws AppError `unavailable`. */
  begin(redirectUri: string): Promise<{ url: string; checks: OidcChecks }>;
  /** `callback` is the redirect URI with what the provider added. Throws AppError. */
  finish(callback: URL, checks: OidcChecks): Promise<OidcClaims>;
};

const timeoutSeconds = 10;
/** A moment later the provider may be back. */
const retryAfterMs = 5_000;

export function createOidcProvider(options: {
  issuer: string;
  clientId: string;
  clientSecret: string;
}): OidcProvider {
  const issuer = new URL(options.issuer);
  let discovered: Promise<client.Configuration> | null = null;

  function discover(): Promise<client.Configuration> {
    const insecure = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
    const found = client.discovery(issuer, options.clientId, options.clientSecret, undefined, {
      execute: [...insecure, client.enableNonRepudiationChecks],
      timeout: timeoutSeconds,
    });
    return found.catch((cause: unknown) => {
      discovered = null;
      throw unreachable(cause);
    });
  }

  const configuration = () => {
    discovered ??= discover();
    return discovered;
  };

  return {
    async begin(redirectUri) {
      const config = await configuration();
      const codeVerifier = client.randomPKCECodeVerifier();
      const checks = { state: client.randomState(), nonce: client.randomNonce(), codeVerifier };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, checks };
    },
    async finish(callback, checks) {
      const config = await configuration();
      try {
        const tokens = await client.authorizationCodeGrant(config, callback, {
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          pkceCodeVerifier: checks.codeVerifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (claims === undefined) throw new Error('the provider sent no ID token');
        const { userinfo_endpoint } = config.serverMetadata();
        // Some providers tell the e-mail only there.
        const more =
          claims['email'] === undefined && userinfo_endpoint !== undefined
            ? await client.fetchUserInfo(config, tokens.access_token, claims.sub)
            : claims;
        return toClaims(claims.iss, claims.sub, more);
      } catch (error) {
        throw isTransport(error) ? unreachable(error) : refused(error);
      }
    },
  };
}

function toClaims(issuer: string, subject: string, claims: Record<string, unknown>): OidcClaims {
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : null);
  const verified = claims['email_verified'];
  return {
    ...{ issuer, subject, email: text('email'), name: text('name') },
    // Some providers write it as a text.
    emailVerified: verified === true || verified === 'true',
  };
}

/** As opposed to an answer that is refused: fetch failed, or took too long. */
function isTransport(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = 'code' in at ? String(at.code) : '';
    if (at.name === 'TimeoutError' || code === 'OAUTH_TIMEOUT') return true;
    if (['ConnectionRefused', 'ECONNREFUSED', 'ECONNRESET', 'FailedToOpenSocket'].includes(code)) {
      return true;
    }
  }
  return false;
}

function unreachable(cause: unknown): AppError {
  const detail = 'The provider of single sign-on does not answer as it should: try again later.';
  return new AppError('unavailable', detail, { retryAfterMs, cause });
}

function refused(cause: unknown): AppError {
  const detail = 'The provider of single sign-on did not confirm this sign-in: begin again.';
  return new AppError('unauthenticated', detail, { cause });
}

/**
 * Endpoints as the engine needs them, their secrets and headers opened. A secret that does not open
 * (sealed under another key) is that endpoint's `problem` and never an error: the others go on.
 */
import type { EndpointSettings, SigningSecret } from '../../domain/dispatch/endpoint-settings.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { authorizationOf, clientCertificateOf } from '../../domain/receiver-auth.ts';
import { openSigningKey } from '../../domain/signing-secrets.ts';
import {
  type EndpointRef,
  type EndpointRow,
  listEndpointSettings,
  type SecretRow,
} from '../../repositories/delivery-feed.ts';
import type { Deps } from '../context.ts';
import { openAuth } from '../endpoints/receiver-auth.ts';

/** One entry for each reference; what has no row counts as deleted. */
export async function loadEndpointSettings(
  deps: Pick<Deps, 'database' | 'secretBox'>,
  endpoints: readonly EndpointRef[],
): Promise<EndpointSettings[]> {
  const { rows, secrets } = await deps.database.withWorker((tx) =>
    listEndpointSettings(tx, endpoints),
  );
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const secretsOf = Map.groupBy(secrets, (secret) => secret.endpointId);
  return endpoints.map((ref) => {
    const row = rowOf.get(ref.endpointId);
    if (row === undefined) return missingEndpoint(ref);
    return openSettings(deps.secretBox, row, secretsOf.get(ref.endpointId) ?? []);
  });
}

/** Of what `listEndpointSettings` found. */
export function openSettings(
  secretBox: Deps['secretBox'],
  row: EndpointRow,
  sealedSecrets: readonly SecretRow[],
): EndpointSettings {
  const { headersEncrypted, authEncrypted, deleted, ...plain } = row;
  const settings: EndpointSettings = {
    ...plain,
    status: deleted ? 'deleted' : row.status,
    headers: {},
    secrets: [],
    authorization: null,
    clientCertificate: null,
    problem: null,
  };
  try {
    settings.secrets = sealedSecrets.map(
      ({ kind, sealed, expiresAtMs }): SigningSecret => ({
        key: openSigningKey(kind, secretBox.open(sealed)),
        expiresAtMs,
      }),
    );
    if (settings.secrets.length === 0) settings.problem = 'The endpoint has no valid secret.';
  } catch {
    settings.problem = "The endpoint's secret does not open under this installation's key.";
  }
  try {
    if (headersEncrypted !== null) settings.headers = openHeaders(secretBox, headersEncrypted);
  } catch {
    settings.problem = "The endpoint's headers do not open under this installation's key.";
  }
  try {
    const auth = openAuth(authEncrypted, secretBox);
    settings.authorization = authorizationOf(auth);
    settings.clientCertificate = clientCertificateOf(auth);
  } catch {
    settings.problem = "The endpoint's credentials do not open under this installation's key.";
  }
  return settings;
}

/** @throws when it is not the JSON of an object of strings */
function openHeaders(secretBox: Deps['secretBox'], sealed: Uint8Array): Record<string, string> {
  const parsed: unknown = JSON.parse(secretBox.open(sealed));
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not an object');
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]) => {
      if (typeof value !== 'string') throw new TypeError('not a string');
      return [name, value];
    }),
  );
}

function missingEndpoint({ tenantId, endpointId }: EndpointRef): EndpointSettings {
  return {
    id: endpointId satisfies EndpointId,
    tenantId,
    url: '',
    timeoutMs: 1,
    headers: {},
    secrets: [],
    authorization: null,
    clientCertificate: null,
    retrySchedule: [],
    maxInFlight: 1,
    rateLimitPerSecond: null,
    ordered: false,
    status: 'deleted',
    failingSinceMs: null,
    pausedUntilMs: null,
    pauseReason: null,
    resumedAtMs: null,
    problem: null,
  };
}

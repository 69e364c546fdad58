/** What the engine must know of an endpoint to send to it; secrets and headers are open here. */
import type { EndpointId, TenantId } from '../ids.ts';
import type { ClientCertificate } from '../receiver-auth.ts';
import type { SigningKey } from '../signature.ts';
import type { PauseReason } from './endpoint-health.ts';

export type SigningSecret = {
  key: SigningKey;
  /** Database time; null: no end. */
  expiresAtMs: number | null;
};

export type EndpointSettings = {
  id: EndpointId;
  tenantId: TenantId;
  url: string;
  timeoutMs: number;
  /** The owner's own. */
  headers: Readonly<Record<string, string>>;
  secrets: readonly SigningSecret[];
  /** The value of the header, null for none. */
  authorization: string | null;
  clientCertificate: ClientCertificate | null;
  /** Seconds. */
  retrySchedule: readonly number[];
  maxInFlight: number;
  rateLimitPerSecond: number | null;
  ordered: boolean;
  status: 'active' | 'paused' | 'disabled' | 'deleted';
  /** Database times, as the row has them. */
  failingSinceMs: number | null;
  pausedUntilMs: number | null;
  pauseReason: PauseReason | null;
  /** When people last lifted a pause. */
  resumedAtMs: number | null;
  /** Why nothing can be sent although it is active (a secret that does not open), else null. */
  problem: string | null;
};

/** An event on its way into a group, and what became of it. */
import type { ApiKeyId, EventId, ProjectId, TenantId } from '../../domain/ids.ts';
import type { Scope } from '../../domain/scopes.ts';
import type { NewEvent } from '../../repositories/accepted-events.ts';

/** An event with what must be free for it to be accepted. */
export type Candidate = {
  event: NewEvent;
  /** The Idempotency-Key, unique within the project for 24 h; null without one. */
  idempotencyKey: string | null;
  /** The client chose the id, which must be new within the tenant. */
  ownId: boolean;
  /** eventFingerprint of the event; null exactly when neither of the two above is there. */
  fingerprint: string | null;
};

export type Committed = {
  id: EventId;
  receivedAtMs: number;
  deliveries: number;
  duplicate: boolean;
};

/** What the client is told of an event that is stored. */
export type AcceptedEvent = Committed & { type: string; projectId: ProjectId };

/** Who posts: an API key, or a source (whose `id` is null). */
export type Poster = {
  tenantId: TenantId;
  actor: { id: ApiKeyId | null; projectId: ProjectId | null; scopes: readonly Scope[] };
};

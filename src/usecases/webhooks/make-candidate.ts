/**
 * Makes of a posted event what the group commit wants: its project, its ids, and a delivery for
 * each endpoint that wants it. Nothing of the parsed payload is kept. Throws AppError.
 */
import { AppError, invalidField } from '../../domain/errors.ts';
import { checkClientId, type Envelope, eventFingerprint } from '../../domain/event-envelope.ts';
import {
  type DeliveryId,
  type EventId,
  idTimeMs,
  newId,
  type ProjectId,
} from '../../domain/ids.ts';
import type { NewDelivery, NewEvent } from '../../repositories/accepted-events.ts';
import type { Candidate, Poster } from './candidate.ts';
import type { Listener, TenantDirectory } from './endpoint-directory.ts';

/** A loop of opsforges that post to each other ends here. */
const hopsMax = 3;

/** `hops` is the header opsforge-hops: how many times the event went round already. */
export function checkHops(hops: number): void {
  if (hops <= hopsMax) return;
  throw new AppError('invalid', `opsforge-hops is ${hops}: the event goes in a circle.`, {
    fields: [{ path: 'opsforge-hops', message: `must be at most ${hopsMax}` }],
  });
}

type Posted = {
  envelope: Envelope;
  /** Checked. */
  idempotencyKey: string | null;
  /** The key alone marks a repeat, whatever the content. */
  keyDecides: boolean;
  hops: number;
};

/** `nowMs` by the database's clock. */
export function makeCandidate(
  { tenantId, actor }: Poster,
  { envelope, idempotencyKey, keyDecides, hops }: Posted,
  directory: TenantDirectory,
  nowMs: number,
): Candidate {
  if (envelope.id !== null) checkClientId(envelope.id, nowMs);
  const projectId = chooseProject(actor.projectId, envelope.projectId);
  const listeners = directory.get(projectId);
  if (listeners === undefined) {
    throw new AppError('not_found', `There is no project with the id ${projectId}.`);
  }
  const { type, payload, orderingKey, metadata } = envelope;
  const id = envelope.id ?? newId<EventId>(nowMs);
  const event: NewEvent = {
    id,
    tenantId,
    projectId,
    apiKeyId: actor.id,
    type,
    payload,
    orderingKey,
    metadata,
    hops,
    deliveries: deliveriesOf(envelope, listeners, idTimeMs(id)),
  };
  const ownId = envelope.id !== null;
  const guarded = ownId || idempotencyKey !== null;
  return {
    event,
    idempotencyKey,
    ownId,
    fingerprint: guarded ? fingerprintOf(event, keyDecides) : null,
  };
}

function fingerprintOf(event: NewEvent, keyDecides: boolean): string {
  if (keyDecides) return eventFingerprint('', '', null, null);
  return eventFingerprint(event.type, event.payload, event.orderingKey, event.metadata);
}

function deliveriesOf(
  envelope: Envelope,
  listeners: readonly Listener[],
  idMs: number,
): NewDelivery[] {
  const deliveries: NewDelivery[] = [];
  for (const listener of listeners) {
    if (!listener.wants(envelope)) continue;
    deliveries.push({
      // The event's own millisecond: an event's deliveries are found by it without an index.
      id: newId<DeliveryId>(idMs),
      endpointId: listener.id,
      ordered: listener.ordered,
      cancelled: listener.disabled,
    });
  }
  return deliveries;
}

function chooseProject(bound: ProjectId | null, named: ProjectId | null): ProjectId {
  if (bound !== null && (named === null || named === bound)) return bound;
  if (bound !== null) {
    throw new AppError('not_found', `There is no project with the id ${named}.`);
  }
  if (named !== null) return named;
  throw invalidField('projectId', 'is required: this credential is not bound to one project');
}

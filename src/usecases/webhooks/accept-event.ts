/**
 * Accepts one posted event: by the time the promise resolves, the event and a delivery for each
 * endpoint that wants it are committed. Then, and only then, the deliveries are handed to whoever
 * leads their shards. Throws AppError; `unavailable` at once while the database is away or too much
 * waits, so that nothing piles up.
 */

import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import { AppError } from '../../domain/errors.ts';
import {
  checkClientId,
  checkIdempotencyKey,
  eventFingerprint,
  readEnvelope,
} from '../../domain/event-envelope.ts';
import {
  type ApiKeyId,
  type DeliveryId,
  type EventId,
  idTimeMs,
  newId,
  type ProjectId,
  type TenantId,
} from '../../domain/ids.ts';
import { allows, type Scope } from '../../domain/scopes.ts';
import { createBatcher } from '../../lib/batcher.ts';
import type { Clock } from '../../lib/clock.ts';
import type { NewDelivery, NewEvent } from '../../repositories/accepted-events.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { Candidate, Committed } from './candidate.ts';
import { type CommitOutcome, commitEvents } from './commit-events.ts';
import type { EndpointDirectory, TenantDirectory } from './endpoint-directory.ts';

/** Who posts: an API key, or a source (whose `id` is null). */
export type Poster = {
  tenantId: TenantId;
  actor: { id: ApiKeyId | null; projectId: ProjectId | null; scopes: readonly Scope[] };
};

export type PostedEvent = {
  /** The request's body, decoded. */
  text: string;
  idempotencyKey: string | null;
  /** The same key is a repeat whatever else it says; else other content under it is a conflict. */
  keyDecides?: boolean;
  /** The header opsforge-hops: how many times the event went round already. */
  hops: number;
};

export type AcceptedEvent = Committed & { type: string; projectId: ProjectId };

export type EventAcceptor = {
  accept(poster: Poster, posted: PostedEvent): Promise<AcceptedEvent>;
  /** Resolves when every group under way is committed. */
  drained(): Promise<void>;
};

type AcceptorOptions = {
  database: Database;
  clock: Clock;
  directory: EndpointDirectory;
  /** After the commit: in memory where this process leads, else a wake-up for who does. */
  handOff(deliveries: ReadyDelivery[]): void;
  /** Ordered endpoints are read by position from the table, never handed over. */
  wakeOrdered(endpointIds: NewDelivery['endpointId'][]): void;
  accepted(count: number): void;
};

/** Bounds of a group and of what may wait; source: design §3, measured in docs/benchmarks.md. */
const group = { itemsMax: 500, bytesMax: 4 * 1024 * 1024, rowsMax: 5_000, inFlightMax: 3 };
const waitingBytesMax = 32 * 1024 * 1024;
const waitingItemsMax = 20_000;
const besideItemsMin = 24;
/** A loop of opsforges that post to each other ends here. */
const hopsMax = 3;
/** What an event costs beside its payload: ids, type, labels. */
const envelopeBytes = 512;

export function createEventAcceptor(options: AcceptorOptions): EventAcceptor {
  const batcher = createBatcher<Candidate, CommitOutcome>({
    write: (candidates) => commitAndHandOff(options, candidates),
    weigh: ({ event }) => ({
      bytes: event.payload.length + envelopeBytes,
      rows: event.deliveries.length,
    }),
    refuse: () =>
      new AppError('unavailable', 'Too many events wait to be stored. Send it again later.', {
        retryAfterMs: 1_000,
      }),
    ...group,
    waitingBytesMax,
    waitingItemsMax,
    besideItemsMin,
  });

  return {
    async accept(poster, posted) {
      if (!allows(poster.actor.scopes, 'events:write')) {
        throw new AppError('forbidden', 'This API key lacks the scope events:write.');
      }
      const { tenantId } = poster;
      const known = options.directory.peek(tenantId) ?? (await options.directory.get(tenantId));
      const candidate = makeCandidate(options.clock, poster, posted, known);
      const outcome = await batcher.submit(candidate);
      if (outcome instanceof AppError) throw outcome;
      const { type, projectId } = candidate.event;
      return { ...outcome, type, projectId };
    },
    drained: () => batcher.drained(),
  };
}

function makeCandidate(
  clock: Clock,
  { tenantId, actor }: Poster,
  posted: PostedEvent,
  directory: TenantDirectory,
): Candidate {
  const envelope = readEnvelope(posted.text);
  if (posted.hops > hopsMax) {
    throw new AppError('invalid', `opsforge-hops is ${posted.hops}: the event goes in a circle.`, {
      fields: [{ path: 'opsforge-hops', message: `must be at most ${hopsMax}` }],
    });
  }
  const nowMs = clock.databaseNow();
  if (envelope.id !== null) checkClientId(envelope.id, nowMs);
  if (posted.idempotencyKey !== null) checkIdempotencyKey(posted.idempotencyKey);
  const projectId = chooseProject(actor.projectId, envelope.projectId);
  const listeners = directory.get(projectId);
  if (listeners === undefined) {
    throw new AppError('not_found', `There is no project with the id ${projectId}.`);
  }
  const { type, payload, orderingKey, metadata } = envelope;
  const id = envelope.id ?? newId<EventId>(nowMs);
  const idMs = idTimeMs(id);
  const deliveries: NewDelivery[] = [];
  for (const listener of listeners) {
    if (!listener.wants(type)) continue;
    deliveries.push({
      // The event's own millisecond: an event's deliveries are found by it without an index.
      id: newId<DeliveryId>(idMs),
      endpointId: listener.id,
      ordered: listener.ordered,
      cancelled: listener.disabled,
    });
  }
  const event: NewEvent = {
    id,
    tenantId,
    projectId,
    apiKeyId: actor.id,
    type,
    payload,
    orderingKey,
    metadata,
    hops: posted.hops,
    deliveries,
  };
  const ownId = envelope.id !== null;
  const guarded = ownId || posted.idempotencyKey !== null;
  return {
    event,
    idempotencyKey: posted.idempotencyKey,
    ownId,
    fingerprint: guarded ? fingerprintOf(event, posted) : null,
  };
}

function fingerprintOf(event: NewEvent, { keyDecides }: PostedEvent): string {
  if (keyDecides === true) return eventFingerprint('', '', null, null);
  return eventFingerprint(event.type, event.payload, event.orderingKey, event.metadata);
}

function chooseProject(bound: ProjectId | null, named: ProjectId | null): ProjectId {
  if (bound !== null && (named === null || named === bound)) return bound;
  if (bound !== null) {
    throw new AppError('not_found', `There is no project with the id ${named}.`);
  }
  if (named !== null) return named;
  throw new AppError('invalid', 'projectId is required: this credential is not bound to one.', {
    fields: [{ path: 'projectId', message: 'is required' }],
  });
}

async function commitAndHandOff(
  options: AcceptorOptions,
  candidates: Candidate[],
): Promise<CommitOutcome[]> {
  const outcomes = await commitEvents(options.database, candidates);
  const ready: ReadyDelivery[] = [];
  const ordered = new Set<NewDelivery['endpointId']>();
  let accepted = 0;
  for (const [index, { event }] of candidates.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome instanceof AppError || outcome.duplicate) continue;
    accepted += 1;
    for (const delivery of event.deliveries) {
      if (delivery.cancelled) continue;
      if (delivery.ordered) ordered.add(delivery.endpointId);
      else ready.push(readyDelivery(event, delivery, outcome.receivedAtMs));
    }
  }
  options.accepted(accepted);
  if (ready.length > 0) options.handOff(ready);
  if (ordered.size > 0) options.wakeOrdered([...ordered]);
  return outcomes;
}

function readyDelivery(event: NewEvent, to: NewDelivery, receivedAtMs: number): ReadyDelivery {
  return {
    id: to.id,
    tenantId: event.tenantId,
    projectId: event.projectId,
    endpointId: to.endpointId,
    eventId: event.id,
    eventType: event.type,
    payload: event.payload,
    hops: event.hops,
    attempts: 0,
    createdAtMs: receivedAtMs,
    dueAtMs: receivedAtMs,
    orderingKey: event.orderingKey,
    position: null,
    manual: false,
  };
}

/**
 * Accepts one posted event: by the time the promise resolves, the event and a delivery for each
 * endpoint that wants it are committed. Then, and only then, the deliveries are handed to whoever
 * leads their shards. Throws AppError; `unavailable` at once while the database is away or too much
 * waits, so that nothing piles up.
 */

import type { ReadyDelivery } from '../../domain/dispatch/ready-delivery.ts';
import { AppError } from '../../domain/errors.ts';
import { checkIdempotencyKey, readEnvelope } from '../../domain/event-envelope.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { allows } from '../../domain/scopes.ts';
import { createBatcher } from '../../lib/batcher.ts';
import type { Clock } from '../../lib/clock.ts';
import type { NewDelivery, NewEvent } from '../../repositories/accepted-events.ts';
import type { Database } from '../../repositories/transactions.ts';
import type { QuotaGuard } from '../usage/quota-guard.ts';
import { acceptBatch, type BatchOutcome, type PostedBatch } from './accept-batch.ts';
import type { AcceptedEvent, Candidate, Poster } from './candidate.ts';
import { type CommitOutcome, commitEvents } from './commit-events.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import { checkHops, makeCandidate } from './make-candidate.ts';

export type PostedEvent = {
  /** The request's body, decoded. */
  text: string;
  idempotencyKey: string | null;
  /** The same key is a repeat whatever else it says; else other content under it is a conflict. */
  keyDecides?: boolean;
  /** The header opsforge-hops: how many times the event went round already. */
  hops: number;
};

export type EventAcceptor = {
  accept(poster: Poster, posted: PostedEvent): Promise<AcceptedEvent>;
  /** One outcome for each event, in order; accept-batch.ts. */
  acceptBatch(poster: Poster, posted: PostedBatch): Promise<BatchOutcome[]>;
  /** Resolves when every group under way is committed. */
  drained(): Promise<void>;
};

type AcceptorOptions = {
  database: Database;
  clock: Clock;
  directory: EndpointDirectory;
  quotas: Pick<QuotaGuard, 'requireRoom'>;
  /** After the commit: in memory where this process leads, else a wake-up for who does. */
  handOff(deliveries: ReadyDelivery[]): void;
  /** Ordered endpoints are read by position from the table, never handed over. */
  wakeOrdered(endpointIds: NewDelivery['endpointId'][]): void;
  accepted(count: number, projectIds: ReadonlySet<ProjectId>): void;
};

/** Bounds of a group and of what may wait; source: design §3, measured in docs/benchmarks.md. */
const group = { itemsMax: 500, bytesMax: 4 * 1024 * 1024, rowsMax: 5_000, inFlightMax: 3 };
const waitingBytesMax = 32 * 1024 * 1024;
const waitingItemsMax = 20_000;
const besideItemsMin = 24;
/** Of batches that are being accepted: what of them does not wait to be stored yet. */
const batchBytesMax = 64 * 1024 * 1024;
/** What an event costs beside its payload: ids, type, labels. */
const envelopeBytes = 512;

const tooMuchWaits = () =>
  new AppError('unavailable', 'Too many events wait to be stored. Send it again later.', {
    retryAfterMs: 1_000,
  });

export function createEventAcceptor(options: AcceptorOptions): EventAcceptor {
  const weigh = ({ event }: Candidate) => ({
    bytes: event.payload.length + envelopeBytes,
    rows: event.deliveries.length,
  });
  const batcher = createBatcher<Candidate, CommitOutcome>({
    write: (candidates) => commitAndHandOff(options, candidates),
    weigh,
    refuse: tooMuchWaits,
    ...group,
    waitingBytesMax,
    waitingItemsMax,
    besideItemsMin,
  });
  const { clock, directory } = options;
  let batchBytes = 0;

  function admit({ tenantId, actor }: Poster): void {
    if (!allows(actor.scopes, 'events:write')) {
      throw new AppError(
        'forbidden',
        'This API key, or your role here, lacks the scope events:write.',
      );
    }
    options.quotas.requireRoom(tenantId);
  }

  return {
    async accept(poster, { text, idempotencyKey, keyDecides = false, hops }) {
      admit(poster);
      const { tenantId } = poster;
      const known = directory.peek(tenantId) ?? (await directory.get(tenantId));
      const envelope = readEnvelope(text);
      checkHops(hops);
      if (idempotencyKey !== null) checkIdempotencyKey(idempotencyKey);
      const posted = { envelope, idempotencyKey, keyDecides, hops };
      const candidate = makeCandidate(poster, posted, known, clock.databaseNow());
      const outcome = await batcher.submit(candidate);
      if (outcome instanceof AppError) throw outcome;
      const { type, projectId } = candidate.event;
      return { ...outcome, type, projectId };
    },
    async acceptBatch(identity, posted) {
      admit(identity);
      const bytes = posted.text.length;
      if (batchBytes + bytes > batchBytesMax) throw tooMuchWaits();
      batchBytes += bytes;
      try {
        return await acceptBatch({ clock, directory, batcher, weigh, group }, identity, posted);
      } finally {
        batchBytes -= bytes;
      }
    },
    drained: () => batcher.drained(),
  };
}

async function commitAndHandOff(
  options: AcceptorOptions,
  candidates: Candidate[],
): Promise<CommitOutcome[]> {
  const outcomes = await commitEvents(options.database, candidates);
  const ready: ReadyDelivery[] = [];
  const ordered = new Set<NewDelivery['endpointId']>();
  const projectIds = new Set<ProjectId>();
  let accepted = 0;
  for (const [index, { event }] of candidates.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome instanceof AppError || outcome.duplicate) continue;
    accepted += 1;
    projectIds.add(event.projectId);
    for (const delivery of event.deliveries) {
      if (delivery.cancelled) continue;
      if (delivery.ordered) ordered.add(delivery.endpointId);
      else ready.push(readyDelivery(event, delivery, outcome.receivedAtMs));
    }
  }
  options.accepted(accepted, projectIds);
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

/**
 * Decides which events of a group may be accepted, by what must not be accepted twice:
 * an Idempotency-Key (in its project) and an id that the client chose (in its tenant).
 *
 *   Idempotency-Key   id chosen    outcome
 *   free              none, free   accepted; both are held from now on
 *   free              held         409, and the key is given back
 *   held              any          same content: the first answer; else 409
 *   none              held         same project and content: the first answer; else 409
 *
 * Within a group the first event to name a key holds it, as if it had come a group earlier.
 */
import { AppError } from '../../domain/errors.ts';
import type { EventId } from '../../domain/ids.ts';
import {
  deleteReservations,
  type HeldReservation,
  insertReservations,
  listReservations,
  type Reservation,
} from '../../repositories/accepted-events.ts';
import type { IngestTx } from '../../repositories/transactions.ts';
import type { Candidate } from './candidate.ts';

/** `receivedAtMs` is null when the first one is in the same group. */
type Repeat = { id: EventId; receivedAtMs: number | null; deliveries: number };

/** `again`: depends on a neighbour that was refused, so it must be judged without it. */
export type ReserveOutcome = 'free' | 'again' | Repeat | AppError;

type Wanted = { reservation: Reservation; index: number };

const nameOf = (one: { scopeId: string; key: string }) => `${one.scopeId} ${one.key}`;

export const idTaken = ({ event }: Candidate) =>
  new AppError('conflict', `The id ${event.id} belongs to another event of this tenant.`);

const keyTaken = ({ idempotencyKey }: Candidate) =>
  new AppError(
    'conflict',
    `The Idempotency-Key ${idempotencyKey} was used within 24 h with another type, payload, ` +
      'orderingKey or metadata. Use a new key for a new event.',
  );

export async function reserveEvents(
  tx: IngestTx,
  candidates: Candidate[],
): Promise<ReserveOutcome[]> {
  const first = new Map<string, Wanted>();
  for (const [index, candidate] of candidates.entries()) {
    for (const reservation of reservationsOf(candidate)) {
      const name = nameOf(reservation);
      if (!first.has(name)) first.set(name, { reservation, index });
    }
  }
  if (first.size === 0) return candidates.map(() => 'free');

  const wanted = [...first.values()].map(({ reservation }) => reservation);
  const taken = await insertReservations(tx, wanted);
  const missing = wanted.filter((one) => !taken.has(nameOf(one)));
  const held = new Map<string, HeldReservation>();
  if (missing.length > 0) {
    for (const holder of await listReservations(tx, missing)) held.set(nameOf(holder), holder);
  }

  const outcomes: ReserveOutcome[] = [];
  const givenBack: Reservation[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const own = reservationsOf(candidate);
    const isOwn = (one: Reservation) =>
      taken.has(nameOf(one)) && first.get(nameOf(one))?.index === index;
    const blocking = own.find((one) => !isOwn(one));
    if (blocking === undefined) {
      outcomes.push('free');
      continue;
    }
    outcomes.push(judge(candidate, blocking, held, first, outcomes));
    givenBack.push(...own.filter(isOwn));
  }
  if (givenBack.length > 0) await deleteReservations(tx, givenBack);
  return outcomes;
}

/** The key first: a held key decides, whatever the id. */
function reservationsOf({ event, ...candidate }: Candidate): Reservation[] {
  const { idempotencyKey, ownId, fingerprint } = candidate;
  if (fingerprint === null) return [];
  const { tenantId, projectId, id: eventId, deliveries } = event;
  const common = { tenantId, projectId, eventId, fingerprint, deliveries: deliveries.length };
  const reservations: Reservation[] = [];
  if (idempotencyKey !== null) {
    reservations.push({ ...common, scopeId: projectId, key: idempotencyKey });
  }
  if (ownId) reservations.push({ ...common, scopeId: tenantId, key: eventId });
  return reservations;
}

function judge(
  candidate: Candidate,
  blocking: Reservation,
  held: Map<string, HeldReservation>,
  first: Map<string, Wanted>,
  earlier: ReserveOutcome[],
): ReserveOutcome {
  const isKey = blocking.scopeId === candidate.event.projectId;
  // The id blocks although the key is new: no repeat of anything.
  if (!isKey && candidate.idempotencyKey !== null) return idTaken(candidate);
  const stored = held.get(nameOf(blocking));
  const neighbour = first.get(nameOf(blocking));
  if (stored === undefined && neighbour !== undefined && earlier[neighbour.index] !== 'free') {
    return 'again';
  }
  const holder = stored ?? neighbour?.reservation;
  const same =
    holder?.fingerprint === blocking.fingerprint && holder.projectId === blocking.projectId;
  if (holder === undefined || !same) return isKey ? keyTaken(candidate) : idTaken(candidate);
  const receivedAtMs = stored === undefined ? null : stored.createdAtMs;
  return { id: holder.eventId, receivedAtMs, deliveries: holder.deliveries };
}

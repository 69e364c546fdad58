/** Cancels what is pending of an endpoint that is disabled or deleted, in bounded transactions. */

import type { EndpointRef } from '../../repositories/delivery-feed.ts';
import { cancelPending as cancelSome } from '../../repositories/delivery-records.ts';
import type { Deps } from '../context.ts';

/** A transaction of so many takes some 50 ms and holds its locks no longer. */
const rowsPerTransaction = 1_000;

/** @param keepOn asked between transactions; false leaves the rest for the next leader */
export async function cancelPending(
  deps: Pick<Deps, 'database'>,
  endpoint: EndpointRef,
  keepOn: () => boolean,
): Promise<void> {
  let more = true;
  while (more && keepOn()) {
    more = await deps.database.withWorker((tx) => cancelSome(tx, endpoint, rowsPerTransaction));
  }
}

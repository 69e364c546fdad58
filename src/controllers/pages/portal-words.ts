/** What a portal says after something was done. */
import { z } from 'zod';
import type { Toast } from '../../../views/components/toast.tsx';

/** It stands in the address: in a frame no cookie carries it to the next page. */
const doneWords = {
  saved: 'Endpoint saved',
  paused: 'Endpoint paused, deliveries wait',
  resumed: 'Endpoint resumed',
  deleted: 'Endpoint deleted',
  ended: 'The current secret signs alone',
  tested: 'Test sent',
  retried: 'Sent again',
};

// Safe because these are the keys of the object, of which there is at least one.
const doneNames = Object.keys(doneWords) as [keyof typeof doneWords];

/** Of a page's query; what it says is ours alone. */
export const portalDone = z.enum(doneNames).optional();

export function portalToast(done: keyof typeof doneWords | undefined): Toast | undefined {
  return done === undefined ? undefined : { tone: 'ok', title: doneWords[done] };
}

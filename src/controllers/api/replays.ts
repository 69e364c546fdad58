/** /api/v1/replays: sending again, as jobs. */
import { Elysia } from 'elysia';
import type { ReplayId } from '../../domain/ids.ts';
import { cancelReplay } from '../../usecases/replays/cancel-replay.ts';
import { createReplay } from '../../usecases/replays/create-replay.ts';
import { findReplay } from '../../usecases/replays/find-replay.ts';
import { listReplays } from '../../usecases/replays/list-replays.ts';
import {
  replay,
  replayInput,
  replayListQuery,
  replayPage,
} from '../../usecases/replays/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<ReplayId>('replay');

export function replayRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/replays', tags: ['Replays'] })
    .get(
      '',
      ...operation(
        {
          id: 'listReplays',
          summary: 'List replays',
          query: replayListQuery,
          status: 200,
          answer: replayPage,
        },
        ({ ctx, query }) => listReplays(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createReplay',
          summary: 'Send again',
          description:
            'Makes a new delivery, with an id and a schedule of its own, for each match: once for an event and an endpoint, outside the order of ordered endpoints. A durable job; `dryRun` only counts.',
          body: replayInput,
          status: 202,
          answer: replay,
          conflict: 'The endpoint is disabled, or too many replays are running.',
          examples: {
            body: {
              filter: {
                status: 'failed',
                type: 'invoice.*',
                since: '2026-01-31T00:00:00Z',
                until: '2026-02-01T00:00:00Z',
              },
              ratePerSecond: 50,
            },
          },
        },
        ({ ctx, body }) => createReplay(ctx, body),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getReplay', summary: 'Get a replay', item, status: 200, answer: replay },
        ({ ctx, id }) => findReplay(ctx, id),
      ),
    )
    .post(
      '/:id/cancel',
      ...operation(
        {
          id: 'cancelReplay',
          summary: 'Cancel a replay',
          description: 'It makes nothing more, and what is pending of it is cancelled.',
          item,
          status: 200,
          answer: replay,
          conflict: 'It is done.',
        },
        ({ ctx, id }) => cancelReplay(ctx, id),
      ),
    );
}

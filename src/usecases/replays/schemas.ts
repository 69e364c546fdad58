/** What clients send and see of replays. */
import { z } from 'zod';
import type { EndpointId, ProjectId, ReplayId } from '../../domain/ids.ts';
import { replayMatches, replayStatuses } from '../../domain/replays.ts';
import {
  id,
  idInput,
  listParameters,
  moment,
  momentInput,
  pageOf,
  projectParameter,
  wholeNumber,
} from '../schemas.ts';
import { typeParameter } from '../type-filter.ts';

const perSecondMax = 100_000;
const dayMs = 86_400_000;
/** Above the 30 days for which events are kept by default, and a bound on what one replay reads. */
const spanMsMax = 35 * dayMs;

const filterInput = z
  .strictObject({
    status: z
      .enum(replayMatches, `must be one of ${replayMatches.join(', ')}`)
      .optional()
      .describe(
        'How a delivery ended; left out: however it ended. `missing`: events that the endpoint would want and never had a delivery of.',
      ),
    type: typeParameter,
    since: momentInput().describe(
      'From this time on: that of the delivery (of the event for `missing`), as its id says it.',
    ),
    until: momentInput().describe('Before this time; what comes after the request is never in it.'),
  })
  .superRefine(({ since, until }, context) => {
    const spanMs = until.getTime() - since.getTime();
    const add = (message: string) => context.addIssue({ code: 'custom', path: ['until'], message });
    if (spanMs <= 0) add('must be after since');
    else if (spanMs > spanMsMax) add(`must be at most ${spanMsMax / dayMs} days after since`);
  });

export const replayInput = z
  .strictObject({
    projectId: projectParameter<ProjectId>(),
    endpointId: idInput<EndpointId>()
      .optional()
      .describe('Left out: every endpoint of the project that is not disabled.'),
    filter: filterInput,
    ratePerSecond: wholeNumber(1, perSecondMax)
      .optional()
      .describe('How many deliveries it makes a second; left out: as fast as they are sent.'),
    dryRun: z.boolean('must be true or false').default(false).describe('Only count.'),
  })
  .meta({ id: 'ReplayInput' });
export type ReplayInput = z.output<typeof replayInput>;

export const replayListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  ...listParameters<ReplayId>(),
});
export type ReplayListQuery = z.output<typeof replayListQuery>;

export const replay = z
  .object({
    id,
    projectId: id,
    endpointId: id.nullable(),
    filter: z.object({
      status: z.enum(replayMatches).nullable(),
      type: z.string().nullable(),
      since: moment,
      until: moment,
    }),
    ratePerSecond: z.int().nullable(),
    dryRun: z.boolean(),
    status: z
      .enum(replayStatuses)
      .describe('running until all that it made has ended, or it is cancelled.'),
    matched: z.int().describe('How many deliveries it is to make; grows while it still counts.'),
    created: z.int().describe('How many it has made.'),
    delivered: z.int().describe('How many of those were delivered…'),
    failed: z.int().describe('…and how many were given up.'),
    createdAt: moment,
    completedAt: moment.nullable(),
  })
  .meta({ id: 'Replay' });
export type Replay = z.infer<typeof replay>;

export const replayPage = pageOf(replay).meta({ id: 'ReplayPage' });

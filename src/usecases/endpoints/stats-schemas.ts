/** What clients ask and see of how an endpoint does. */
import { z } from 'zod';
import { moment, momentInput } from '../schemas.ts';

export const endpointStatsQuery = z.strictObject({
  bucket: z
    .enum(['minute', 'hour'], 'must be minute or hour')
    .default('hour')
    .describe('Minutes are kept for 48 hours, hours for 400 days.'),
  since: momentInput()
    .optional()
    .describe(
      'From this time on (RFC 3339), at most 1,440 buckets before `until`. Default: 24 hours, or 60 minutes, before it.',
    ),
  until: momentInput().optional().describe('Before this time (RFC 3339). Default: now.'),
});
export type EndpointStatsQuery = z.output<typeof endpointStatsQuery>;

const percentiles = (what: string) =>
  z
    .object({ p50: z.int().nullable(), p95: z.int().nullable() })
    .describe(
      `${what}, in milliseconds; estimated from counts in ranges of 1, 2, 5, 10, 20, 50 … ms.`,
    );

const figures = {
  delivered: z.int().describe('Deliveries that ended so.'),
  failed: z.int().describe('Deliveries that were given up.'),
  attempts: z.int().describe('Manual ones too.'),
  attemptsFailed: z.int(),
  successRatio: z.number().nullable().describe('delivered / (delivered + failed); null for none.'),
  answerMs: percentiles('How long attempts that were answered took'),
  latencyMs: percentiles('From acceptance to success, of what was delivered'),
};
export type StatsFigures = Omit<EndpointStats['series'][number], 'at'>;

export const endpointStats = z
  .object({
    bucket: z.enum(['minute', 'hour']),
    since: moment.describe('The beginning of the first bucket.'),
    until: moment.describe('The end of the last bucket.'),
    totals: z.object(figures),
    series: z.array(z.object({ at: moment, ...figures })).describe('Every bucket, oldest first.'),
    pending: z
      .object({
        count: z.int(),
        more: z.boolean().describe('There are more than `count`; it stops at 10,000.'),
      })
      .describe('Deliveries that wait now.'),
  })
  .meta({ id: 'EndpointStats' });
export type EndpointStats = z.infer<typeof endpointStats>;

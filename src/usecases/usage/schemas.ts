/** What clients ask and see of usage. */
import { z } from 'zod';
import type { ProjectId } from '../../domain/ids.ts';
import { quotaNames } from '../../domain/quotas.ts';
import { id, idInput, moment } from '../schemas.ts';

/** As long as they are kept. */
const daysMax = 400;
const daysDefault = 30;
const daysMessage = `must be a whole number from 1 to ${daysMax}`;

export const usageQuery = z.strictObject({
  days: z.coerce
    .number(daysMessage)
    .int(daysMessage)
    .min(1, daysMessage)
    .max(daysMax, daysMessage)
    .default(daysDefault)
    .describe('So many days back, today among them.'),
  projectId: idInput<ProjectId>()
    .optional()
    .describe('Only this project; a key that is bound to one sees no other.'),
});
export type UsageQuery = z.output<typeof usageQuery>;

const count = z.int().min(0);
const counts = {
  events: count.describe('Accepted: posted, or from a source.'),
  bytes: count.describe('Of their payloads.'),
  deliveries: count.describe('Delivered or given up on that day, those of replays too.'),
  attempts: count,
};

export const usage = z
  .object({
    days: z
      .array(z.object({ date: z.iso.date(), ...counts }))
      .describe('Every day (UTC), oldest first.'),
    projects: z
      .array(z.object({ projectId: id, ...counts }))
      .describe('In the same days, the most events first; at most 200.'),
    totals: z.object(counts),
    quotas: z
      .array(
        z.object({
          name: z.enum(quotaNames),
          limit: count,
          used: count.describe('In this month (UTC), or stored now.'),
          ratio: z.number(),
          forecastAt: moment
            .nullable()
            .describe('When it is used up at the pace until now; null: not in sight.'),
        }),
      )
      .describe('Of the tenant; none for a key that is bound to a project.'),
    warnings: z.array(z.string()).describe('A sentence for each quota that is four fifths used.'),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof usage>;

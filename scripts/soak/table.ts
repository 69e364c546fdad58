/** A soak's counts by group of endpoints, for people. */
import { countOf, type EndpointFigures, type SoakFigures } from './compare.ts';
import { groups } from './plan.ts';

const columns: Record<string, (one: EndpointFigures) => number> = {
  endpoints: () => 1,
  accepted: ({ postedIds }) => postedIds.length,
  delivered: ({ deliveries }) => deliveries.delivered,
  failed: ({ deliveries }) => deliveries.failed,
  cancelled: ({ deliveries }) => deliveries.cancelled,
  pending: ({ deliveries }) => deliveries.pending,
  attempts: ({ stats }) => stats.attempts,
  superseded: ({ attempts }) => countOf(attempts, ({ outcome }) => outcome === 'superseded'),
  requests: ({ received }) => received.requests,
  repeats: ({ received }) => received.requests - received.attempts,
};

export function formatTable({ endpoints }: SoakFigures): string {
  const rowOf = (name: string, some: readonly EndpointFigures[]) => [
    name,
    ...Object.values(columns).map((read) => String(some.reduce((sum, one) => sum + read(one), 0))),
  ];
  const rows = [
    ['', ...Object.keys(columns)],
    ...groups.map((group) =>
      rowOf(
        group,
        endpoints.filter((one) => one.group === group),
      ),
    ),
    rowOf('all', endpoints),
  ];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const pad = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths?.[at] ?? 0) : cell.padStart(widths?.[at] ?? 0);
  return rows.map((row) => row.map(pad).join('  ')).join('\n');
}

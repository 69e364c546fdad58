/** What stands in the service's database, read beside it by the administrator, as a worker may. */
import { type Connection, connect } from '../../src/repositories/connection.ts';

export type DatabaseView = {
  /** Deliveries that ended, and those that wait. */
  countDeliveries(): Promise<{ ended: number; pending: number }>;
  /** Resolves when nothing waits, or has not gone for `withinMs`; answers what is left. */
  untilDelivered(withinMs: number): Promise<number>;
  stop(): Promise<void>;
};

const pollMs = 50;

export async function openDatabaseView(url: string): Promise<DatabaseView> {
  const { sql, close }: Connection = await connect({ url, applicationName: 'opsforge bench' });
  await sql`set role opsforge_worker`;

  async function countDeliveries(): Promise<{ ended: number; pending: number }> {
    const [row] = await sql<{ ended: number; pending: number }[]>`
      select (select count(*)::integer from deliveries) as ended,
        (select count(*)::integer from delivery_queue) as pending`;
    return row ?? { ended: 0, pending: 0 };
  }

  return {
    countDeliveries,
    async untilDelivered(withinMs) {
      const endMs = performance.now() + withinMs;
      let { pending } = await countDeliveries();
      while (pending > 0 && performance.now() < endMs) {
        await Bun.sleep(pollMs);
        pending = (await countDeliveries()).pending;
      }
      return pending;
    },
    stop: close,
  };
}

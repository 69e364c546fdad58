/**
 * What stands in the service's database, read beside it by the administrator, as a worker may. By
 * ranges of ids, so that it costs little however much is stored.
 */
import { idAt } from '../../src/domain/ids.ts';
import { type Connection, connect } from '../../src/repositories/connection.ts';

export type DatabaseView = {
  /** Events that were accepted since then (wall clock). */
  countEvents(tenantId: string, sinceMs: number): Promise<number>;
  /** Deliveries of events that were accepted since then (wall clock) and have ended. */
  countEnded(tenantId: string, sinceMs: number): Promise<number>;
  /** Resolves when so many have ended, or `withinMs` has gone; answers how many have. */
  untilEnded(tenantId: string, sinceMs: number, wanted: number, withinMs: number): Promise<number>;
  /** How many shards each worker leads that has been seen lately. */
  shardsLed(): Promise<{ pid: number; shards: number }[]>;
  stop(): Promise<void>;
};

const pollMs = 50;
/** The service makes ids by its estimate of the database's clock, off by some ms under load. */
const clockErrorMsMax = 100;

/** A time that lies between the ids of all before and of all after: `sinceMs` of the view. */
export async function markTime(): Promise<number> {
  await Bun.sleep(2 * clockErrorMsMax);
  return Date.now() - clockErrorMsMax;
}

export async function openDatabaseView(url: string): Promise<DatabaseView> {
  const { sql, close }: Connection = await connect({ url, applicationName: 'opsforge bench' });
  await sql`set role opsforge_worker`;

  async function countEnded(tenantId: string, sinceMs: number): Promise<number> {
    const [row] = await sql<{ ended: number }[]>`
      select count(*)::integer as ended from deliveries
      where tenant_id = ${tenantId} and id >= ${idAt(sinceMs)}`;
    return row?.ended ?? 0;
  }

  return {
    async countEvents(tenantId, sinceMs) {
      const [row] = await sql<{ events: number }[]>`
        select count(*)::integer as events from webhook_events
        where tenant_id = ${tenantId} and id >= ${idAt(sinceMs)}`;
      return row?.events ?? 0;
    },
    countEnded,
    async untilEnded(tenantId, sinceMs, wanted, withinMs) {
      const endMs = performance.now() + withinMs;
      let ended = await countEnded(tenantId, sinceMs);
      while (ended < wanted && performance.now() < endMs) {
        await Bun.sleep(pollMs);
        ended = await countEnded(tenantId, sinceMs);
      }
      return ended;
    },
    shardsLed: () => sql`
      select pid, shards_led as shards from workers where seen_at > now() - interval '10 s'`,
    stop: close,
  };
}

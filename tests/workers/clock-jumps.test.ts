/** A process's clock jumps while the database's goes on: nothing is sent early, late or twice. */
import { describe, expect, test } from 'bun:test';
import { migrations } from '../../db/migrate.ts';
import { type EventId, idTimeMs, newId } from '../../src/domain/ids.ts';
import { createClock } from '../../src/lib/clock.ts';
import { checkReadiness, measureClock } from '../../src/usecases/check-readiness.ts';
import { createEventAcceptor } from '../../src/usecases/webhooks/accept-event.ts';
import { createEndpointDirectory } from '../../src/usecases/webhooks/endpoint-directory.ts';
import { findDeliveries, queueDeliveries } from '../support/delivery-engine.ts';
import { answers, arrangeEngines } from '../support/engine-arrangement.ts';
import { createKey } from '../support/tenants.ts';

const hourMs = 3_600_000;
/** Past every partition that there is, and an hour of summer time set by hand. */
const jumps = [40 * 24 * hourMs, -hourMs];

const arrangement = arrangeEngines();

/** A clock that knows the database's time, of a machine whose own can be set. */
async function startClock() {
  let jumpedMs = 0;
  const clock = createClock(() => Date.now() + jumpedMs);
  await measureClock(arrangement.db.database, clock);
  return {
    clock,
    jump(ms: number) {
      jumpedMs = ms;
    },
  };
}

describe.each(jumps)('a clock that jumps by %d ms', (jumpMs) => {
  test('moves no retry and no signature, before the database is asked again or after', async () => {
    const { clock, jump } = await startClock();
    const { tenant, receiver, endpointId } = await arrangement.arrange(
      { retrySchedule: [1, 1] },
      answers(500),
    );
    const engine = arrangement.start({ clock, random: () => 0.5 });
    const firstDone = receiver.waitFor(1);
    await queueDeliveries(arrangement.db.database, tenant, endpointId, ['1']);
    engine.engine.wakeEndpoints([endpointId]);
    await firstDone;
    jump(jumpMs);
    await receiver.waitFor(2);
    await measureClock(arrangement.db.database, clock);
    await engine.attempted(3);
    const [row] = await findDeliveries(arrangement.db, endpointId);
    expect(row).toMatchObject({ status: 'failed', attempts: 3 });
    const [first, second, third] = receiver.requests;
    expect(receiver.requests.length).toBe(3);
    for (const [before, after] of [
      [first, second],
      [second, third],
    ]) {
      const gapMs = (after?.atMs ?? 0) - (before?.atMs ?? 0);
      expect(gapMs).toBeGreaterThanOrEqual(950);
      expect(gapMs).toBeLessThan(3_000);
    }
    for (const { headers, atMs } of receiver.requests) {
      expect(Math.abs(Number(headers['webhook-timestamp']) * 1_000 - atMs)).toBeLessThan(5_000);
    }
  });

  test('is told by readiness while it is off, and changes no event', async () => {
    const { database } = arrangement.db;
    const { clock, jump } = await startClock();
    const { tenant } = await arrangement.arrange();
    const key = await createKey(database, tenant);
    const acceptor = createEventAcceptor({
      ...{ database, clock },
      directory: createEndpointDirectory({ database, clock, cacheTrusted: () => true }),
      quotas: { requireRoom: () => {} },
      handOff: () => {},
      wakeOrdered: () => {},
      accepted: () => {},
    });
    const actor = {
      kind: 'api_key',
      id: key.id,
      projectId: tenant.projectId,
      scopes: ['events:write'],
    } as const;
    const post = (body: object) =>
      acceptor.accept(
        { tenantId: tenant.tenantId, actor },
        { text: JSON.stringify(body), idempotencyKey: null, hops: 0 },
      );
    const readiness = () =>
      checkReadiness({
        ...{ database, clock, stopping: () => false },
        schemaVersion: migrations.at(-1)?.version ?? 0,
      });
    expect(await readiness()).toEqual([]);
    jump(jumpMs);
    const id = newId<EventId>(Date.now());
    expect((await post({ type: 'own.id', payload: 1, id })).id).toBe(id);
    const accepted = await post({ type: 'our.id', payload: 1 });
    expect(Math.abs(idTimeMs(accepted.id) - Date.now())).toBeLessThan(5_000);
    const [reason] = await readiness();
    expect(reason).toMatch(/^the clock differs from the database's by -?\d+ ms$/);
    expect(Math.abs(Number(reason?.match(/-?\d+/)?.[0]) + jumpMs)).toBeLessThan(5_000);
    jump(0);
    expect(await readiness()).toEqual([]);
  });
});

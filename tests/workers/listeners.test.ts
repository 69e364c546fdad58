/** What the engine does with the endpoints of listeners: nothing, until they are abandoned. */
import { expect, test } from 'bun:test';
import { listenerUrl, listeningReason } from '../../src/domain/listeners.ts';
import { endAbandonedListeners } from '../../src/usecases/listeners/end-abandoned-listeners.ts';
import { eventually, findDeliveries, queueDeliveries } from '../support/delivery-engine.ts';
import { arrangeEngines, numbers } from '../support/engine-arrangement.ts';
import { createEndpointRow } from '../support/tenants.ts';

const world = arrangeEngines();

test('a listener is sent nothing, and once abandoned keeps nothing pending', async () => {
  const { tenant, receiver, endpointId: other } = await world.arrange();
  const { database, admin } = world.db;
  const endpointId = await createEndpointRow(database, tenant, listenerUrl, {
    ...{ status: 'paused', statusReason: listeningReason },
  });
  await queueDeliveries(database, tenant, endpointId, numbers(5));
  await queueDeliveries(database, tenant, other, ['"other"']);
  const { engine, attempts, attempted } = world.start();
  await attempted(1);
  const announced = { database, announceChange: () => {} };
  expect(await endAbandonedListeners(announced)).toBe(0);

  await admin.sql`
    update endpoints set updated_at = now() - interval '25 hours' where id = ${endpointId}`;
  const ended = await endAbandonedListeners({
    database,
    announceChange(change) {
      if (change.kind === 'endpoints') engine.endpointChanged(change);
    },
  });
  expect(ended).toBe(1);
  const rows = await eventually(
    () => findDeliveries(world.db, endpointId),
    (found) => found.every(({ status }) => status === 'cancelled'),
  );
  expect(rows).toHaveLength(5);
  expect(rows[0]).toMatchObject({ reason: 'endpoint_disabled', attempts: 0 });
  expect(attempts).toEqual(['delivered']);
  expect(receiver.requests).toHaveLength(1);
});

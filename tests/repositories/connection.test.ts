import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Connection, connect } from '../../src/repositories/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const applicationName = 'connection under test';

describe('a connection', () => {
  test('carries arrays of texts, ids and numbers both ways', async () => {
    const { sql } = db.admin;
    const texts = ['', 'NULL', 'a"b\\c', '{x,y}', ' space ', 'ü\n'];
    const id = Bun.randomUUIDv7();
    const [row] = await sql`
      select ${texts}::text[] as texts, ${[id]}::uuid[] as ids, ${[1, -2]}::integer[] as integers,
        ${[0.5]}::float8[] as floats, ${[]}::text[] as none, ${['a', null]}::text[] as some,
        (select count(*)::int from unnest(${['a', null]}::text[]) t where t is null) as nulls`;
    expect(row).toEqual({
      texts,
      ids: [id],
      integers: [1, -2],
      floats: [0.5],
      none: [],
      some: ['a', null],
      nulls: 1,
    });
  });

  test('that is ended while it is being opened is an error for who opens it, and for nobody else', async () => {
    // An unhandled rejection or an uncaught exception would fail this test by itself.
    let opening = true;
    const killer = (async () => {
      let killed = 0;
      while (opening) {
        const rows = await db.admin.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = ${applicationName}`;
        killed += rows.length;
      }
      return killed;
    })();
    const outcomes: ('open' | 'refused')[] = [];
    for (let round = 0; round < 100; round += 1) {
      const connection: Connection | null = await connect({
        url: db.appUrl,
        applicationName,
      }).catch(() => null);
      outcomes.push(connection === null ? 'refused' : 'open');
      await connection?.close();
    }
    opening = false;
    expect(await killer).toBeGreaterThan(10);
    expect(outcomes.length).toBe(100);
  });

  test('tells once when it is lost, and is not alive from then on', async () => {
    const lost = Promise.withResolvers<void>();
    let calls = 0;
    const connection = await connect({
      url: db.appUrl,
      applicationName: 'to be lost',
      onClosed() {
        calls += 1;
        lost.resolve();
      },
    });
    expect(connection.alive()).toBe(true);
    const [row] = await connection.sql`select pg_backend_pid() as pid`;
    await db.admin.sql`select pg_terminate_backend(${row?.['pid']}, 5000)`;
    await lost.promise;
    expect(connection.alive()).toBe(false);
    await connection.close();
    expect(calls).toBe(1);
  });
});

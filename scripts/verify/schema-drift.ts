/**
 * Migrates an empty database and compares it with db/schema, which the queries are typed by:
 * tables, columns, types, nullability, primary keys and indexes. The migrations are what counts;
 * the remedy for a difference is to correct db/schema, or to add a migration. Exits 1 naming each
 * difference.
 */
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import * as auditLog from '../../db/schema/audit-log.ts';
import * as deliveryStats from '../../db/schema/delivery-stats.ts';
import * as monitors from '../../db/schema/monitors.ts';
import * as people from '../../db/schema/people.ts';
import * as portal from '../../db/schema/portal.ts';
import * as replays from '../../db/schema/replays.ts';
import * as sourceCounts from '../../db/schema/source-counts.ts';
import * as tenants from '../../db/schema/tenants.ts';
import * as usage from '../../db/schema/usage.ts';
import * as webhooks from '../../db/schema/webhooks.ts';
import type { Connection } from '../../src/repositories/connection.ts';
import { createTestDatabase } from '../../tests/support/database.ts';

type Column = { type: string; notNull: boolean; generated: boolean };
type Table = { columns: Map<string, Column>; primaryKey: string[]; indexes: Set<string> };

/** Made by the migrator before there is a schema. */
const outside = new Set(['schema_migrations']);

function declaredTables(): Map<string, Table> {
  const exported: unknown[] = Object.values({
    ...sourceCounts,
    ...tenants,
    ...webhooks,
    ...deliveryStats,
    ...monitors,
    ...people,
    ...portal,
    ...replays,
    ...auditLog,
    ...usage,
  });
  const tables = exported.filter((value) => is(value, PgTable));
  return new Map(
    tables.map((table) => {
      const config = getTableConfig(table);
      const columns = config.columns.map((column): [string, Column] => [
        column.name,
        {
          type: column.getSQLType(),
          notNull: column.notNull || column.primary,
          generated: column.generated !== undefined,
        },
      ]);
      const composed = config.primaryKeys[0]?.columns.map(({ name }) => name);
      const single = config.columns.filter(({ primary }) => primary).map(({ name }) => name);
      const indexes = config.indexes.flatMap(({ config: { name } }) => (name ? [name] : []));
      return [
        config.name,
        {
          columns: new Map(columns),
          primaryKey: composed ?? single,
          indexes: new Set(indexes),
        },
      ];
    }),
  );
}

async function migratedTables({ sql }: Connection): Promise<Map<string, Table>> {
  const columns = await sql<
    { table: string; name: string; type: string; not_null: boolean; generated: boolean }[]
  >`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull as not_null, a.attgenerated <> '' as generated
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition and not a.attisdropped
    order by c.relname, a.attnum`;
  const indexes = await sql<{ table: string; name: string; primary: string[] | null }[]>`
    select t.relname as table, i.relname as name, case when x.indisprimary then
      (select array_agg(a.attname::text order by k.n) from unnest(x.indkey) with ordinality k (att, n)
        join pg_attribute a on a.attrelid = t.oid and a.attnum = k.att) end as primary
    from pg_index x join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    where t.relnamespace = current_schema()::regnamespace and not t.relispartition
      -- A unique constraint's index carries no name of ours.
      and (x.indisprimary or not exists (select from pg_constraint k where k.conindid = i.oid))`;
  const tables = new Map<string, Table>();
  for (const { table, name, type, not_null: notNull, generated } of columns) {
    if (outside.has(table)) continue;
    const entry = tables.get(table) ?? {
      columns: new Map(),
      primaryKey: [],
      indexes: new Set<string>(),
    };
    entry.columns.set(name, { type, notNull, generated });
    tables.set(table, entry);
  }
  for (const { table, name, primary } of indexes) {
    const entry = tables.get(table);
    if (entry === undefined) continue;
    if (primary === null) entry.indexes.add(name);
    else entry.primaryKey = primary;
  }
  return tables;
}

function compare(declared: Map<string, Table>, migrated: Map<string, Table>): string[] {
  const differences: string[] = [];
  const note = (where: string, inSchema: unknown, inDatabase: unknown) => {
    if (Bun.deepEquals(inSchema, inDatabase)) return;
    const show = (value: unknown) => JSON.stringify(value) ?? 'absent';
    differences.push(`${where}: db/schema ${show(inSchema)}, migrated ${show(inDatabase)}`);
  };
  for (const name of new Set([...declared.keys(), ...migrated.keys()])) {
    const inSchema = declared.get(name);
    const inDatabase = migrated.get(name);
    if (inSchema === undefined || inDatabase === undefined) {
      note(name, inSchema && 'present', inDatabase && 'present');
      continue;
    }
    for (const column of new Set([...inSchema.columns.keys(), ...inDatabase.columns.keys()])) {
      note(`${name}.${column}`, inSchema.columns.get(column), inDatabase.columns.get(column));
    }
    note(`${name} primary key`, inSchema.primaryKey, inDatabase.primaryKey);
    note(`${name} indexes`, [...inSchema.indexes].toSorted(), [...inDatabase.indexes].toSorted());
  }
  return differences;
}

const database = await createTestDatabase();
try {
  const differences = compare(declaredTables(), await migratedTables(database.admin));
  for (const difference of differences) console.error(difference);
  if (differences.length > 0) process.exitCode = 1;
} finally {
  await database.drop();
}

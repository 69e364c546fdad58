/**
 * Every secret of the database under another key, in one transaction: all or none. Secrets are the
 * columns named `…_encrypted`, found in the catalogue, so that a new table needs no word here. Runs
 * as the administrator, who under forced row level security would see no row: it is lifted within
 * the transaction.
 */
import type { Sql, TransactionSql } from 'postgres';
import { AppError } from '../src/domain/errors.ts';
import type { SecretBox } from '../src/lib/secret-box.ts';

/** Sealed form (src/lib/secret-box.ts): a byte of version, then the key's id. */
const keyIdFrom = 2;
const keyIdBytes = 8;
/** In memory at a time; a secret is under 16 KiB. */
const batchMax = 500;

type Column = { table: string; column: string };
type Row = { ctid: string; sealed: Uint8Array };

/** Names of opsforge's other sessions on this database. */
export async function findOtherSessions(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select application_name as name from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and application_name like 'opsforge %'`;
  return rows.map(({ name }) => name);
}

/** The number of secrets. Throws when one is sealed under neither key. */
export function resealSecrets(sql: Sql, from: SecretBox, to: SecretBox): Promise<number> {
  return sql.begin(async (tx) => {
    // A service that starts meanwhile waits here, and then finds that its key is the old one.
    await tx`lock table installation in access exclusive mode`;
    let secrets = 0;
    for (const column of await findSecretColumns(tx)) {
      await tx`alter table ${tx(column.table)} no force row level security`;
      secrets += await resealColumn(tx, column, from, to);
      await tx`alter table ${tx(column.table)} force row level security`;
    }
    await tx`update installation set secret_key_id = ${to.keyId}`;
    return secrets;
  });
}

function findSecretColumns(tx: TransactionSql): Promise<Column[]> {
  return tx<Column[]>`
    select t.relname as table, c.attname as column
    from pg_class t join pg_attribute c on c.attrelid = t.oid
    where t.relnamespace = current_schema()::regnamespace and t.relkind in ('r', 'p')
      and not t.relispartition and not c.attisdropped
      and c.attname like '%\\_encrypted' and c.atttypid = 'bytea'::regtype
    order by 1, 2`;
}

async function resealColumn(
  tx: TransactionSql,
  { table, column }: Column,
  from: SecretBox,
  to: SecretBox,
): Promise<number> {
  const secret = tx(column);
  const keyId = tx`substring(${secret} from ${keyIdFrom} for ${keyIdBytes})`;
  const old = Buffer.from(from.keyId, 'hex');
  let count = 0;
  for (;;) {
    const rows = await tx<Row[]>`
      select ctid::text as ctid, ${secret} as sealed from ${tx(table)}
      where ${keyId} = ${old} limit ${batchMax}`;
    if (rows.length === 0) break;
    for (const { ctid, sealed } of rows) {
      const fresh = Buffer.from(to.seal(from.open(sealed)));
      await tx`update ${tx(table)} set ${secret} = ${fresh} where ctid = ${ctid}::tid`;
    }
    count += rows.length;
  }
  const [left] = await tx<{ rows: string }[]>`
    select count(*) as rows from ${tx(table)} where ${keyId} <> ${Buffer.from(to.keyId, 'hex')}`;
  if (left?.rows !== '0') {
    throw new AppError(
      'conflict',
      `${left?.rows} rows of ${table}.${column} are sealed under another key than ${from.keyId}: nothing was changed.`,
    );
  }
  return count;
}

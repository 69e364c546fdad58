/**
 * The installation's key: given by OPSFORGE_SECRET_KEY, or a file of the data folder, made once.
 * The database knows which key its secrets are sealed with, so that a wrong one is refused at the
 * start. A new key's file stands beside the old one before the database is changed, and takes its
 * place afterwards: a crash in between leaves both, and the next start takes the right one.
 */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOtherSessions, resealSecrets } from '../../db/reseal.ts';
import { StartError } from '../domain/start-error.ts';
import { createSecretBox, type SecretBox, secretKeyBytes } from '../lib/secret-box.ts';
import type { Config } from './config.ts';
import { type Installation, withAdministrator } from './installation.ts';

const keyFile = (dataDir: string) => join(dataDir, 'secret.key');
const nextKeyFile = (dataDir: string) => join(dataDir, 'secret.key.next');

/** Throws StartError (2) when it is another than the database's: no secret could be read. */
export async function openSecretBox(
  config: Config,
  installation: Installation,
): Promise<SecretBox> {
  const { dataDir } = installation;
  const box = createSecretBox(config.secretKey ?? readOrMakeKey(dataDir));
  const known = await withAdministrator(installation, async ({ sql }) => {
    await sql`insert into installation (secret_key_id) values (${box.keyId}) on conflict do nothing`;
    const [row] = await sql<{ secret_key_id: string }[]>`select secret_key_id from installation`;
    return row?.secret_key_id;
  });
  if (known === box.keyId) return box;
  if (config.secretKey === null && existsSync(nextKeyFile(dataDir))) {
    const next = createSecretBox(readKey(nextKeyFile(dataDir)));
    if (known === next.keyId) {
      renameSync(nextKeyFile(dataDir), keyFile(dataDir));
      return next;
    }
  }
  const source = config.secretKey === null ? `The file ${keyFile(dataDir)}` : 'OPSFORGE_SECRET_KEY';
  throw new StartError(
    `${source} is not the key with which the secrets in this database are encrypted ` +
      `(key ${box.keyId}, the database wants ${known}): give the key it was made with.`,
    2,
  );
}

export type Rotation = { from: string; to: string; secrets: number };

/**
 * Seals every secret anew. `given` is the key that replaces OPSFORGE_SECRET_KEY; with a file of the
 * data folder a key is made. Throws StartError while anything else of opsforge uses the database:
 * it would go on sealing with the old key.
 */
export async function rotateKey(
  config: Config,
  installation: Installation,
  given: Uint8Array | null,
): Promise<Rotation> {
  const { dataDir } = installation;
  const old = await openSecretBox(config, installation);
  const key = given ?? crypto.getRandomValues(new Uint8Array(secretKeyBytes));
  const next = createSecretBox(key);
  if (next.keyId === old.keyId) throw new StartError('The new key is the one in use.', 2);
  if (given === null) writeKey(nextKeyFile(dataDir), key);
  const secrets = await withAdministrator(installation, async ({ sql }) => {
    const sessions = await findOtherSessions(sql);
    if (sessions.length > 0) {
      const names = [...new Set(sessions)].join(', ');
      throw new StartError(`This database is in use (${names}): stop opsforge first.`, 1);
    }
    return resealSecrets(sql, old, next);
  });
  if (given === null) renameSync(nextKeyFile(dataDir), keyFile(dataDir));
  return { from: old.keyId, to: next.keyId, secrets };
}

function readOrMakeKey(dataDir: string): Uint8Array {
  const path = keyFile(dataDir);
  if (!existsSync(path)) writeKey(path, crypto.getRandomValues(new Uint8Array(secretKeyBytes)));
  return readKey(path);
}

/** Appears whole or not at all. */
function writeKey(path: string, key: Uint8Array): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600 });
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

function readKey(path: string): Uint8Array {
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
  if (key.length === secretKeyBytes) return key;
  throw new StartError(
    `${path} does not hold ${secretKeyBytes} bytes in base64: restore it from a backup.`,
    2,
  );
}

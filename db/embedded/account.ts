/**
 * The account that PostgreSQL runs as. It refuses to be root, so a root opsforge gives it another
 * account; the folders on the way to its data must then let that account pass. Whether they do is
 * asked of the kernel by a process of that account, never worked out from mode bits (ACLs, mounts).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../../src/domain/start-error.ts';

export type Account = { name: string; uid: number; gid: number };

/** Prints the first of its arguments that exists and may not be entered. */
const firstBarredScript =
  'for d do [ ! -e "$d" ] || [ -x "$d" ] || { printf %s "$d"; exit 1; }; done';

/** All that the server's processes get: our environment holds secrets, PG* would misguide. */
export const serverEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** `postgres` where the system has it, else `nobody`. Throws StartError (2) when it has neither. */
function findServerAccount(): Account {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    // >>> 0: macOS writes the ids of nobody as -2.
    if (uid && gid) return { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  throw new StartError(
    'PostgreSQL does not run as root and this system has no account postgres or nobody: ' +
      'run opsforge as another user, or set DATABASE_URL.',
    2,
  );
}

/**
 * null: the server runs as we do. As root an existing cluster keeps its owner, so that a run under
 * sudo does not take the data away from the user who usually runs opsforge.
 */
export function chooseServerAccount(clusterDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const owner = existsSync(clusterDir) ? statSync(clusterDir) : null;
  if (owner === null || owner.uid === 0) return findServerAccount();
  return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid };
}

/** The outermost folder on the way to `path`, itself included, that `account` may not enter. */
export function findBarredFolder(path: string, account: Account): string | null {
  const folders: string[] = [];
  for (let folder = path; !folders.includes(folder); folder = dirname(folder)) {
    folders.unshift(folder);
  }
  const { uid, gid } = account;
  const result = spawnSync('/bin/sh', ['-c', firstBarredScript, 'sh', ...folders], {
    uid,
    gid,
    cwd: '/',
    env: serverEnvironment,
    encoding: 'utf8',
  });
  if (result.status === 0) return null;
  if (result.stdout) return result.stdout;
  throw new StartError(`Cannot run /bin/sh as ${account.name}: ${result.stderr.trim()}`, 1, {
    cause: result.error,
  });
}

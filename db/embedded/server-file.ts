/**
 * What postmaster.pid says, and whether it is true: after a crash the number may belong to some
 * other process. A server is recognised by the folder it works in, ours by its executable.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { socketPath } from './connection.ts';

/** Lines of postmaster.pid, counted from 0 (PostgreSQL's src/include/utils/pidfile.h). */
const pidLine = 0;
const statusLine = 7;

export type ServerFile = { pid: number; ready: boolean };

export function readServerFile(clusterDir: string): ServerFile | null {
  let text: string;
  try {
    text = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8');
  } catch {
    return null;
  }
  const lines = text.split('\n');
  const pid = Number(lines[pidLine]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, ready: lines[statusLine]?.trim() === 'ready' };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    // EPERM is another account's process, which cannot be a server of this folder.
    return false;
  }
}

/** Where nobody reaps orphans (a container without init) a dead server stays as a zombie. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return / Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Does this process serve the cluster; `ours`: from the binaries that we unpacked to DATA/bin. */
export function inspectServer(
  pid: number,
  clusterDir: string,
  binDir: string,
): { ours: boolean } | null {
  if (!isAlive(pid)) return null;
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    if (!stdout.includes('postgres') || !stdout.includes(clusterDir)) return null;
    return { ours: stdout.startsWith(binDir + sep) };
  }
  try {
    // The targets of these links are real paths, so ours must be too.
    if (readlinkSync(`/proc/${pid}/cwd`) !== realpathSync(clusterDir)) return null;
    const executable = readlinkSync(`/proc/${pid}/exe`);
    if (!/\/postgres( \(deleted\))?$/.test(executable)) return null;
    return { ours: executable.startsWith(realpathSync(binDir) + sep) };
  } catch {
    return null;
  }
}

/**
 * Backends that outlived a killed postmaster hold its shared memory, and a new one refuses to start
 * until they notice, which a busy one does late. Their work is lost in any case. Linux only; the
 * pids that were ended.
 */
export function endOrphans(clusterDir: string, binDir: string): number[] {
  if (process.platform !== 'linux') return [];
  const ended: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !inspectServer(pid, clusterDir, binDir)?.ours) continue;
    try {
      process.kill(pid, 'SIGKILL');
      ended.push(pid);
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return ended;
}

/**
 * For files left by a dead server. PostgreSQL refuses to start when the number in one is now
 * another living process, or the dead server as a zombie that nobody reaps. Into postmaster.pid we
 * write its own parent's pid, which it ignores: removing the file would also lose the shared
 * memory key, by which it notices surviving backends. The socket's lock file holds nothing else.
 */
export function disarmServerFiles(clusterDir: string): void {
  rmSync(`${socketPath(clusterDir)}.lock`, { force: true });
  const path = join(clusterDir, 'postmaster.pid');
  if (!existsSync(path)) return;
  const lines = readFileSync(path, 'utf8').split('\n');
  lines[pidLine] = String(process.pid);
  writeFileSync(path, lines.join('\n'));
}

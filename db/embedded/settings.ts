/**
 * The settings of the embedded server, given on its command line at each start, so that a new
 * opsforge brings its own and no file of the cluster has to be rewritten.
 */
import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';

const mebibyte = 1024 * 1024;

/** 512 MB of buffers gave a fifth more ingest than 128 MB (10 M rows, 2 cores). */
const sharedBuffersMbMax = 512;
const sharedBuffersMbMin = 128;
/** The rest of the memory is for backends, the page cache and opsforge itself. */
const sharedBuffersPart = 1 / 8;

/** More write-ahead log means fewer checkpoints, but it must not fill a small disk. */
const walMbMax = 2048;
const walMbMin = 256;
const walPart = 1 / 8;

/** The smaller of the machine's memory and the container's limit, in bytes. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function clampMb(bytes: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, Math.floor(bytes / mebibyte)));
}

/** `postgres` arguments, the folder excepted. `socketDir` may hold any character. */
export function serverArguments(clusterDir: string, socketDir: string): string[] {
  const disk = statfsSync(clusterDir);
  const bufferBytes = memoryBytes() * sharedBuffersPart;
  const walMb = clampMb(disk.bavail * disk.bsize * walPart, walMbMin, walMbMax);
  const settings: Record<string, string> = {
    listen_addresses: '',
    // A list of quoted names, so that a comma or a space in one does no harm.
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: `${clampMb(bufferBytes, sharedBuffersMbMin, sharedBuffersMbMax)}MB`,
    max_wal_size: `${walMb}MB`,
    min_wal_size: '128MB',
    wal_compression: 'pglz',
    synchronous_commit: 'on',
    autovacuum_naptime: '5s',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    password_encryption: 'scram-sha-256',
    // A transaction that its client forgot holds back vacuum of the queue.
    idle_in_transaction_session_timeout: '60s',
    // Statements and the values in a DETAIL line may be payloads or secrets.
    log_statement: 'none',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] ',
  };
  // After a crash: one call where the kernel has it, instead of an fsync for each of 1,300 files.
  if (process.platform === 'linux') settings['recovery_init_sync_method'] = 'syncfs';
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

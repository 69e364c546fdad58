/**
 * DATA/postgres.log: what the server prints, bounded. The file is appended to by the server through
 * the descriptor it was given, so it is cut by copying it aside and emptying it in place.
 */
import { copyFile, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { folderError } from './data-dir.ts';

/** On disk there are at most two files of about this size. */
const logBytesMax = 8 * 1024 * 1024;
const sizeCheckMs = 10_000;
/** The reason for a failed start stands in the last lines. */
const tailBytesMax = 16_384;

export type ServerLog = {
  fd: number;
  mark(): Promise<void>;
  /** What was printed since the mark, its end if that is long. */
  sinceMark(): Promise<string>;
  close(): Promise<void>;
};

export async function openServerLog(dataDir: string): Promise<ServerLog> {
  const path = join(dataDir, 'postgres.log');
  const file = await open(path, 'a+', 0o600).catch((cause) => {
    throw folderError(dataDir, cause);
  });
  let markBytes = 0;
  const cut = async () => {
    if ((await file.stat()).size <= logBytesMax) return;
    await copyFile(path, `${path}.1`);
    await truncate(path);
    markBytes = 0;
  };
  // A full disk or a file that was removed: the next check tries again, the server goes on.
  const tryCut = () => cut().catch(() => undefined);
  await tryCut();
  const timer = setInterval(tryCut, sizeCheckMs);
  timer.unref();
  return {
    fd: file.fd,
    async mark() {
      markBytes = (await file.stat()).size;
    },
    async sinceMark() {
      const { size } = await file.stat();
      const from = Math.max(markBytes, size - tailBytesMax);
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - from),
        0,
        size - from,
        from,
      );
      return buffer.toString('utf8', 0, bytesRead);
    },
    async close() {
      clearInterval(timer);
      await file.close();
    },
  };
}

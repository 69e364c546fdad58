/**
 * A write of rows whose day nobody has made a partition for: the processes make them weeks ahead,
 * so this is the database restored, a clock far off, or an administrator's mistake.
 */
import { isPartitionMissing } from '../repositories/transactions.ts';

/** Writes; when a partition is missing lets it be made and writes once more. */
export async function writeMakingPartitions<Result>(
  write: () => Promise<Result>,
  makePartitions: () => Promise<void>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isPartitionMissing(error)) throw error;
    await makePartitions();
    return write();
  }
}

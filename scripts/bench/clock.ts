/**
 * CLOCK_MONOTONIC itself: one clock for all processes of the machine, so that a time taken in one
 * may be subtracted from a time taken in another. Bun's own monotonic clocks (performance.now,
 * process.hrtime, Bun.nanoseconds) start with each process.
 */
import { dlopen, FFIType, ptr } from 'bun:ffi';

const isDarwin = process.platform === 'darwin';
const clockMonotonic = isDarwin ? 6 : 1;

const { symbols } = dlopen(isDarwin ? 'libSystem.dylib' : 'libc.so.6', {
  clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
});

/** struct timespec: seconds and nanoseconds, 64 bits each. */
const timespec = new BigInt64Array(2);
const timespecAt = ptr(timespec);

/** Milliseconds, to the nanosecond, since a moment that is the same for all processes. */
export function machineMs(): number {
  if (symbols.clock_gettime(clockMonotonic, timespecAt) !== 0) {
    throw new Error('clock_gettime failed');
  }
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1_000 + Number(nanoseconds) / 1e6;
}

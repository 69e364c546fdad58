/** Resident memory of a process, from /proc; NaN where there is none. Without its children. */
import { readFileSync } from 'node:fs';
import { median } from './figures.ts';

export type MemoryUse = { medianMb: number; greatestMb: number };

const sampleMs = 200;
const kibibytesPerMegabyte = 1_000_000 / 1_024;

function readMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return Number(kibibytes ?? Number.NaN) / kibibytesPerMegabyte;
  } catch {
    return Number.NaN;
  }
}

/** Samples until stopped; the greatest is the kernel's own mark, since the process began. */
export function watchMemory(pid: number): { stop(): Promise<void>; use(): MemoryUse } {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(readMb(pid, 'VmRSS')), sampleMs);
  return {
    use: () => ({ medianMb: median(samples), greatestMb: readMb(pid, 'VmHWM') }),
    async stop() {
      clearInterval(timer);
    },
  };
}

/**
 * Processor time of processes, from /proc: steadier than rates on a machine that others use too.
 * Null where there is no /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Of user and kernel together; USER_HZ is 100 on every Linux that Bun runs on. */
const msPerTick = 10;

type Stat = { pid: number; parent: number; ticks: number };

function readStat(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { pid: Number(pid), parent: Number(fields[1]), ticks };
  } catch {
    return null;
  }
}

/** Milliseconds that the process has used so far. */
function processorMs(pid: number): number | null {
  const stat = readStat(String(pid));
  return stat === null ? null : stat.ticks * msPerTick;
}

/** Of a process and its children, such as a PostgreSQL and its backends. */
function familyProcessorMs(pid: number): number | null {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return null;
  }
  let ticks = 0;
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(entry);
    if (stat !== null && (stat.pid === pid || stat.parent === pid)) ticks += stat.ticks;
  }
  return ticks * msPerTick;
}

export type ProcessorUse = { ownMicroseconds: number | null; databaseMicroseconds: number | null };

/** Starts counting; the function returned ends it and shares the time among `events`. */
export function startCounting(pid: number, databasePid: number): (events: number) => ProcessorUse {
  const ownMs = processorMs(pid);
  const databaseMs = familyProcessorMs(databasePid);
  const share = (nowMs: number | null, beforeMs: number | null, events: number) =>
    nowMs === null || beforeMs === null ? null : ((nowMs - beforeMs) * 1_000) / events;
  return (events) => ({
    ownMicroseconds: share(processorMs(pid), ownMs, events),
    databaseMicroseconds: share(familyProcessorMs(databasePid), databaseMs, events),
  });
}

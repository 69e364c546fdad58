/**
 * A scenario measures one thing of the service and answers rows for the report. One file each in
 * scenarios/; it takes what it needs from `bench` and leaves nothing behind: whatever `bench` gave
 * is stopped and removed by the runner, however the scenario ends. None ever fails by a time.
 */
import type { Child, Commands } from './child.ts';
import type { Service, ServiceOptions } from './service.ts';

export type Row = {
  what: string;
  figure: string;
  /** What it is to reach (design §11); absent where it only explains another figure. */
  target?: { words: string; met: boolean };
};

/** What must be so however fast it went: nothing lost, nothing left over. */
export type Count = { what: string; wanted: number; got: number };

export type Section = {
  rows: Row[];
  /** Sentences below the table: what was run, and how. */
  notes: string[];
  counts: Count[];
};

export type Scenario = {
  /** The word that selects it on the command line. */
  name: string;
  title: string;
  /** One line: what a run does. */
  summary: string;
  run(bench: Bench): Promise<Section>;
};

/**
 * How much of everything: `tiny` proves that it works (npm test), `quick` tries a change, `usual`
 * is for the report, `full` has ten times the history.
 */
export type Size = 'tiny' | 'quick' | 'usual' | 'full';

export type Bench = {
  /** The value for the size of this run; `full` is as `usual` where it is not named. */
  pick<Value>(values: Record<Exclude<Size, 'full'>, Value> & { full?: Value }): Value;
  /** An empty folder below the temporary one. */
  folder(): Promise<string>;
  /** A folder with a database that was made, migrated and stopped: fresh, and started at once. */
  dataFolder(): Promise<string>;
  startService(options: ServiceOptions): Promise<Service>;
  /** A process of processes/, by its name. */
  startProcess<Of extends Commands>(name: string): Promise<Child<Of>>;
  /** Anything else that must be stopped in the end. */
  keep<Started extends { stop(): Promise<void> }>(starting: Promise<Started>): Promise<Started>;
  /** Progress, on stderr. */
  say(line: string): void;
};

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
  /** What it is to reach, see docs/benchmarks.md; absent where it only explains another figure. */
  target?: string;
};

export type Section = {
  rows: Row[];
  /** Sentences below the table: what was run, and how. */
  notes: string[];
};

export type Scenario = {
  /** The word that selects it on the command line. */
  name: string;
  title: string;
  /** One line: what a run does. */
  summary: string;
  run(bench: Bench): Promise<Section>;
};

export type Bench = {
  /** Less of everything, for trying a change: its figures are not for the report. */
  quick: boolean;
  /** An empty folder below the temporary one. */
  folder(): Promise<string>;
  startService(options: ServiceOptions): Promise<Service>;
  /** A process of processes/, by its name. */
  startProcess<Of extends Commands>(name: string): Promise<Child<Of>>;
  /** Anything else that must be stopped in the end. */
  keep<Started extends { stop(): Promise<void> }>(starting: Promise<Started>): Promise<Started>;
  /** Progress, on stderr. */
  say(line: string): void;
};

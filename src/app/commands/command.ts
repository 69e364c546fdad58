/** What every command is to the command line. */
export type CommandInput = {
  flags: Record<string, string | boolean | string[] | undefined>;
  environment: Record<string, string | undefined>;
  /** One line on stdout; progress goes to stderr. */
  answer(line: string): void;
};

export type Command = {
  /** Beside its name in `opsforge --help`. */
  summary: string;
  help: string;
  flags: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }>;
  run(input: CommandInput): Promise<void>;
};

/** The flags that are text and given. */
export function textFlags(flags: CommandInput['flags']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

/** Plain lines on stderr, for commands that are not the service. */
export function progressOnStderr(message: string): void {
  process.stderr.write(`${message}\n`);
}

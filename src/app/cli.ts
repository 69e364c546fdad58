/**
 * The command line: finds the command, checks its flags, turns every failure into one plain line
 * and an exit code (0 well, 1 the work failed, 2 wrong usage or configuration). stdout carries
 * answers only.
 */
import { parseArgs } from 'node:util';
import { AppError } from '../domain/errors.ts';
import { nearestWord } from '../domain/nearest.ts';
import { StartError } from '../domain/start-error.ts';
import { version } from './build.ts';
import { bootstrapCommand } from './commands/bootstrap.ts';
import type { Command, CommandInput } from './commands/command.ts';
import { databaseUrlCommand } from './commands/database-url.ts';
import { listenCommand } from './commands/listen.ts';
import { migrateCommand } from './commands/migrate.ts';
import { openapiCommand } from './commands/openapi.ts';
import { quotaCommand } from './commands/quota.ts';
import { resetPasswordCommand } from './commands/reset-password.ts';
import { rotateKeyCommand } from './commands/rotate-key.ts';
import { serveCommand } from './commands/serve.ts';
import { signUpLinkCommand } from './commands/signup-link.ts';

const commands: Record<string, Command> = {
  serve: serveCommand,
  bootstrap: bootstrapCommand,
  'signup-link': signUpLinkCommand,
  'reset-password': resetPasswordCommand,
  migrate: migrateCommand,
  'database url': databaseUrlCommand,
  listen: listenCommand,
  openapi: openapiCommand,
  'rotate-key': rotateKeyCommand,
  quota: quotaCommand,
};

/** A process whose work is done ends by itself at once; longer it must not stay. */
const lingerMsMax = 1_000;

const commonFlags = { help: { type: 'boolean' }, version: { type: 'boolean' } } as const;

/** Runs the command and answers the exit code; `serve` returns when it has stopped. */
export async function run(
  argv: string[],
  environment: Record<string, string | undefined>,
): Promise<number> {
  process.stdout.on('error', endWithReader);
  try {
    const { name, command, rest } = findCommand(argv);
    const flags = readFlags(name, command, rest);
    if (flags['help'] === true) return answer(helpOf(name, command));
    if (flags['version'] === true) return answer(version);
    await command.run({ flags, environment, answer: (line) => void answer(line) });
    // An answer on stdout may still be on its way to a slow reader; the service gives none.
    if (command === serveCommand) leaveSoon();
    return 0;
  } catch (error) {
    process.stderr.write(`opsforge: ${plainLine(error)}\n`);
    leaveSoon();
    return error instanceof StartError ? error.exitCode : 1;
  }
}

/** Who read the answer has enough of it, as `| head` has: no failure of the command. */
function endWithReader(error: Error): void {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
}

/** Otherwise half-closed connections to a database that stands still would keep the process. */
function leaveSoon(): void {
  setTimeout(() => process.exit(), lingerMsMax).unref();
}

function answer(line: string): 0 {
  process.stdout.write(`${line}\n`);
  return 0;
}

/** A failure in one line; what is not ours to explain keeps its own message. */
function plainLine(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const withCause = error instanceof AppError && cause instanceof Error;
  const line = withCause ? `${message} (${reasonOf(cause)})` : reasonOf(error);
  return line.replaceAll(/\s*\n\s*/g, ' ');
}

/** The query builder's own message holds the statement's values: secrets among them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isQuery = error.message.startsWith('Failed query: ');
  return isQuery ? `a statement failed: ${reasonOf(error.cause)}` : error.message;
}

function findCommand(argv: string[]): { name: string; command: Command; rest: string[] } {
  const words = argv.filter((word) => !word.startsWith('-'));
  // `opsforge --role api`, `opsforge --help`: flags first means serve.
  if (argv[0] === undefined || argv[0].startsWith('-')) {
    return { name: '', command: serveCommand, rest: argv };
  }
  for (const length of [2, 1]) {
    const name = argv.slice(0, length).join(' ');
    const command = commands[name];
    if (command !== undefined) return { name, command, rest: argv.slice(length) };
  }
  const given = words.slice(0, 2).join(' ');
  const right = nearestWord(argv[0], Object.keys(commands));
  throw new StartError(`there is no command "${given}"; did you mean "${right}"? See --help.`, 2);
}

function readFlags(name: string, command: Command, rest: string[]): CommandInput['flags'] {
  const known = { ...commonFlags, ...command.flags };
  try {
    const { values } = parseArgs({ args: rest, options: known, strict: true });
    return values;
  } catch (cause) {
    throw new StartError(flagProblem(name, Object.keys(known), rest, cause), 2, { cause });
  }
}

function flagProblem(name: string, known: string[], rest: string[], cause: unknown): string {
  const label = name === '' ? 'opsforge' : `opsforge ${name}`;
  for (const [at, word] of rest.entries()) {
    if (!word.startsWith('-')) continue;
    // No flag begins with a digit: a value that parseArgs takes for one.
    if (/^-\d/.test(word) && at > 0) return `${label}: "${word}" is no value for ${rest[at - 1]}.`;
    const flag = word.replace(/^-+/, '').replace(/=.*$/, '');
    if (known.includes(flag) && word.startsWith('--')) continue;
    return `${label} has no flag ${word.replace(/=.*$/, '')}; did you mean --${nearestWord(flag, known)}?`;
  }
  const extra = rest.find((word, at) => !word.startsWith('-') && !rest[at - 1]?.startsWith('--'));
  if (extra !== undefined) return `${label} takes no argument "${extra}". See ${label} --help.`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `${label}: ${reason.split('. ')[0]}. See ${label} --help.`;
}

function helpOf(name: string, command: Command): string {
  if (name !== '') return command.help;
  const width = Math.max(...Object.keys(commands).map((one) => one.length));
  const list = Object.entries(commands).map(
    ([one, { summary }]) => `  ${one.padEnd(width)}  ${summary}`,
  );
  return [
    `opsforge ${version}: sends webhooks, watches services, keeps SLOs`,
    '',
    'Usage: opsforge [command] [flags]; without a command it serves.',
    '',
    ...list,
    '',
    'opsforge COMMAND --help tells a command’s flags, --version the version.',
    '',
    command.help,
  ].join('\n');
}

/** JSON lines on stderr (stdout carries only answers). Constant messages, facts in fields. */
import pino from 'pino';

export type Log = pino.Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Paths that never reach a log line, whatever a caller passes. The first wall is that callers pass
 * narrow fields; this is the second.
 */
const redactedPaths = [
  'authorization',
  'cookie',
  'secret',
  'password',
  'key',
  'payload',
  'body',
  '*.authorization',
  '*.cookie',
  '*.secret',
  '*.password',
  '*.payload',
  '*.body',
];

type LoggedError = {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError | string;
};

const causesMax = 5;

/**
 * An error with its causes. drizzle puts a failed statement's parameters into its message (and so
 * into the stack): those are payloads and secrets, hence everything from there on is cut off.
 */
function describeError(error: unknown, depth = 0): LoggedError | string {
  if (!(error instanceof Error)) return String(error);
  const message = error.message.replace(/\nparams: [\s\S]*$/, '');
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(frames ? { stack: frames.join('\n') } : {}),
    ...(error.cause === undefined || depth >= causesMax
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}

export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

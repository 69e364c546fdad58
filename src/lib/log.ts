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

export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** `opsforge listen`: events of a remote opsforge, forwarded to a local URL until Ctrl-C. */
import { hostname } from 'node:os';
import { parseCidr, parseOutboundUrl } from '../../domain/addresses.ts';
import { AppError } from '../../domain/errors.ts';
import { checkPatterns } from '../../domain/event-types.ts';
import { StartError } from '../../domain/start-error.ts';
import { createAddressGuard } from '../../outbound/address-guard.ts';
import { createHttpClient } from '../../outbound/http-client.ts';
import { createRemote } from '../listen/remote.ts';
import { runSession } from '../listen/session.ts';
import { type Command, type CommandInput, progressOnStderr, textFlags } from './command.ts';

/** The most that an endpoint may have in flight. */
const inFlightMax = 1_000;
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const listenCommand: Command = {
  summary: 'forwards events of a remote opsforge to a local URL',
  help: [
    'Usage: opsforge listen --url BASE --api-key KEY --forward URL [--types PATTERNS]',
    '                       [--project-id ID]',
    '',
    'For developing receivers, without a public address: makes an endpoint of its own, prints the',
    'events that come, one a line, and forwards them with the headers and the signature that every',
    'receiver gets. What the local URL answers is recorded as the attempt. Ctrl-C deletes the',
    'endpoint.',
    '',
    '  --url         where the remote opsforge is, such as https://hooks.example.com',
    '  --api-key     with the scope endpoints:write; the one that bootstrap prints has it',
    '  --forward     your receiver, such as http://localhost:4000/webhooks',
    '  --types       event type patterns, separated by commas or given again: invoice.*,customer.**',
    '  --project-id  needed when the key is not bound to one project',
  ].join('\n'),
  flags: {
    url: { type: 'string' },
    'api-key': { type: 'string' },
    forward: { type: 'string' },
    types: { type: 'string', multiple: true },
    'project-id': { type: 'string' },
  },
  async run({ flags, answer }) {
    const given = readListenFlags(flags);
    const stop = new AbortController();
    // A second one ends it at once, as if nothing were caught.
    for (const signal of endingSignals) process.once(signal, () => stop.abort());
    const client = createHttpClient({
      guard: createAnywhereGuard(),
      maxInFlight: inFlightMax,
      outboundProxy: null,
    });
    const { signal } = stop;
    const say = progressOnStderr;
    try {
      await runSession({
        ...{ ...given, signal, say, send: client.send, print: answer },
        remote: createRemote({ baseUrl: given.baseUrl, apiKey: given.apiKey, signal, say }),
        description: `opsforge listen on ${hostname()}, to ${given.forwardUrl}`,
      });
    } catch (error) {
      // Before the endpoint was made.
      if (!signal.aborted) throw error;
    } finally {
      await client.close();
    }
  },
};

function readListenFlags(flags: CommandInput['flags']) {
  const { url, 'api-key': apiKey, forward, 'project-id': projectId } = textFlags(flags);
  if (url === undefined) throw new StartError('listen needs --url BASE.', 2);
  if (apiKey === undefined) throw new StartError('listen needs --api-key KEY.', 2);
  if (forward === undefined) throw new StartError('listen needs --forward URL.', 2);
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new StartError('--api-key is no API key.', 2);
  return {
    baseUrl: readUrl('--url', url),
    apiKey,
    forwardUrl: readUrl('--forward', forward).href,
    projectId,
    eventTypes: readTypes(flags['types']),
  };
}

function readUrl(flag: string, text: string): URL {
  const parsed = parseOutboundUrl(text);
  if ('error' in parsed) throw new StartError(`${flag} ${parsed.error}, not "${text}".`, 2);
  return parsed.url;
}

function readTypes(given: CommandInput['flags'][string]): string[] {
  const types = (Array.isArray(given) ? given : [])
    .flatMap((list) => list.split(','))
    .map((type) => type.trim())
    .filter((type) => type !== '');
  try {
    checkPatterns(types);
  } catch (error) {
    if (error instanceof AppError) throw new StartError(`--types: ${error.message}`, 2);
    throw error;
  }
  return types;
}

/** A developer's own machine: whoever names the URL is who could open it by hand. */
function createAnywhereGuard() {
  const allowed = ['0.0.0.0/0', '::/0'].flatMap((text) => parseCidr(text) ?? []);
  return createAddressGuard({ allowed, ownAddresses: () => null, nowMs: () => performance.now() });
}

/**
 * The binary's first lines. Bun reads the bound on its outgoing requests, and how its heap grows,
 * from the environment when it starts, so it starts itself once more with them set, in the same
 * process (execve).
 * Proxy variables are taken out: a proxy that fetch used by itself would defeat the address guard.
 */
import { isStandaloneExecutable, main } from 'bun';

const requestsMaxVariable = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
/** Above what the engine has in flight, with room for checks; Bun's own default is 256. */
const requestsMax = '2048';
/**
 * The heap doubles between collections while it is small beside the machine's memory, of which
 * PostgreSQL and others want their part: taken for 512 MiB, garbage over a live heap of 60 MB peaks
 * at 130 MB, not 188, in the same time (Bun 1.4.5, 24 GiB, 2026-11-24).
 */
const heapVariable = 'BUN_JSC_forceRAMSize';
const heapBytes = String(512 * 1024 * 1024);
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

for (const name of proxyVariables) {
  delete process.env[name];
  delete process.env[name.toLowerCase()];
}

if (process.env[requestsMaxVariable] !== requestsMax && process.execve !== undefined) {
  const script = isStandaloneExecutable ? [] : [main];
  process.execve(process.execPath, [process.argv0, ...script, ...process.argv.slice(2)], {
    [heapVariable]: heapBytes,
    ...process.env,
    [requestsMaxVariable]: requestsMax,
  });
}

// After the lines above, and not before: an import would be hoisted.
const { run } = await import('./app/cli.ts');
process.exitCode = await run(process.argv.slice(2), process.env);

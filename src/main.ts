/**
 * The binary's first lines. Bun reads the bound on its outgoing requests from the environment when
 * it starts, so `serve` starts itself once more with it set, in the same process (execve).
 * Proxy variables are taken out: a proxy that fetch used by itself would defeat the address guard.
 */
import { isStandaloneExecutable, main } from 'bun';

const requestsMaxVariable = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
/** Above what the engine has in flight, with room for checks; Bun's own default is 256. */
const requestsMax = '2048';
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

for (const name of proxyVariables) {
  delete process.env[name];
  delete process.env[name.toLowerCase()];
}

if (process.env[requestsMaxVariable] !== requestsMax && process.execve !== undefined) {
  const script = isStandaloneExecutable ? [] : [main];
  process.execve(process.execPath, [process.argv0, ...script, ...process.argv.slice(2)], {
    ...process.env,
    [requestsMaxVariable]: requestsMax,
  });
}

// After the lines above, and not before: an import would be hoisted.
const { run } = await import('./app/cli.ts');
process.exitCode = await run(process.argv.slice(2), process.env);

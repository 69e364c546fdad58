/**
 * A process of its own that sends one request and prints the result: `send-once.ts URL true|false`.
 */
import { createHttpClient } from '../../src/outbound/http-client.ts';

const [url = '', phases] = process.argv.slice(2);
const client = createHttpClient({
  guard: { vet: async () => ({ addresses: ['127.0.0.1'], dnsMs: 0 }) },
  maxInFlight: 1,
  outboundProxy: null,
});
const result = await client.send({
  method: 'POST',
  url,
  headers: {},
  body: 'hello',
  timeoutMs: 5_000,
  phases: phases === 'true',
});
console.log(JSON.stringify(result));
await client.close();

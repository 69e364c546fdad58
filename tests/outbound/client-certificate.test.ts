/** Client certificates against a real TLS server that asks for one, by both transports. */
import { afterEach, describe, expect, test } from 'bun:test';
import tls from 'node:tls';
import { parseCidr } from '../../src/domain/addresses.ts';
import type { ClientCertificate } from '../../src/domain/receiver-auth.ts';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { createHttpClient, type HttpClient } from '../../src/outbound/http-client.ts';
import { authority, forGoodTest, forLoopback, selfSigned } from '../support/certificates.ts';

const loopback = parseCidr('127.0.0.0/8');
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const one = { certificate: forGoodTest.cert, privateKey: forGoodTest.key };
const two = { certificate: forLoopback.cert, privateKey: forLoopback.key };

/** Answers with the SHA-256 of the certificate that the connection showed, and keeps it open. */
async function startServer({ insists = false } = {}): Promise<string> {
  const server = tls.createServer(
    {
      ...{ cert: forLoopback.cert, key: forLoopback.key, ca: authority },
      ...{ requestCert: true, rejectUnauthorized: insists },
    },
    (socket) => {
      const shown = socket.getPeerCertificate().fingerprint256 ?? 'none';
      socket.on('error', () => {});
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${shown.length}\r\n\r\n${shown}`);
      });
      sockets.add(socket);
    },
  );
  const sockets = new Set<tls.TLSSocket>();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return `https://127.0.0.1:${address.port}/`;
}

function startClient(): HttpClient {
  const client = createHttpClient({
    guard: createAddressGuard({
      allowed: loopback === null ? [] : [loopback],
      ownAddresses: () => null,
      nowMs: () => performance.now(),
    }),
    maxInFlight: 8,
    outboundProxy: null,
    tlsCa: authority,
  });
  stops.push(() => client.close());
  return client;
}

function fingerprint(certificate: string): string {
  const der = Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const hex = new Bun.CryptoHasher('sha256').update(der).digest('hex').toUpperCase();
  return hex.match(/../g)?.join(':') ?? '';
}

describe.each([
  ['fetch', false],
  ['node', true],
])('by %s', (_, phases) => {
  async function post(client: HttpClient, url: string, clientCertificate: typeof one | null) {
    const request = { method: 'POST', url, headers: {}, body: '{}', timeoutMs: 5_000 } as const;
    const result = await client.send({ ...request, phases, clientCertificate });
    return result.kind === 'answer' ? result.body : result.error.code;
  }

  test('a receiver that asks is shown the certificate', async () => {
    const url = await startServer();
    expect(await post(startClient(), url, one)).toBe(fingerprint(one.certificate));
  });

  test('no connection is shared between two certificates, nor with none', async () => {
    const url = await startServer();
    const client = startClient();
    const order: (ClientCertificate | null)[] = [null, one, one, two, null, two, one, null];
    const shown: string[] = [];
    for (const certificate of order) shown.push(await post(client, url, certificate));
    expect(shown).toEqual(
      order.map((given) => (given === null ? 'none' : fingerprint(given.certificate))),
    );
  });

  test('a receiver that insists on one it knows fails the request without, in words for its owner', async () => {
    const url = await startServer({ insists: true });
    const unknown = { certificate: selfSigned.cert, privateKey: selfSigned.key };
    for (const shown of [null, unknown]) {
      expect(await post(startClient(), url, shown)).toMatch(/^(connection|tls)_[a-z]+$/);
    }
  });

  test('a key of another certificate fails that request and nothing else', async () => {
    const url = await startServer();
    const client = startClient();
    const mixed = { certificate: selfSigned.cert, privateKey: forGoodTest.key };
    expect(await post(client, url, mixed)).toBe('tls_failed');
    expect(await post(client, url, one)).toBe(fingerprint(one.certificate));
  });
});

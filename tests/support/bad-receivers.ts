/**
 * Receivers that misbehave below HTTP: raw sockets on 127.0.0.1 that write what no HTTP server
 * would.
 * Each behaviour acts once the request's head is there, unless its comment says otherwise.
 */
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

export type RawReceiver = {
  url: string;
  port: number;
  /** How many connections were ever opened. */
  connections(): number;
  /** Bytes that were handed to the system for sending, over all connections. */
  bytesWritten(): number;
  /** Resolves when every connection so far is closed. */
  allClosed(): Promise<void>;
  stop(): Promise<void>;
};

type OnConnection = (socket: Socket) => void;

export async function startRawReceiver(onConnection: OnConnection): Promise<RawReceiver> {
  const sockets = new Set<Socket>();
  const whenEmpty = new Set<() => void>();
  let connections = 0;
  let bytesWritten = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', ignorePeerErrors);
    socket.on('close', () => {
      bytesWritten += socket.bytesWritten;
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of whenEmpty) resolve();
    });
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    bytesWritten: () => bytesWritten,
    allClosed: () =>
      sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => whenEmpty.add(resolve)),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Clients that hang up on purpose are what these servers are for. */
function ignorePeerErrors(): void {}

/** Runs `act` once, when the request's head has come. */
function afterHead(act: (socket: Socket) => void): OnConnection {
  return (socket) => {
    let head = '';
    const onData = (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.removeListener('data', onData);
      socket.resume();
      act(socket);
    };
    socket.on('data', onData);
  };
}

/** Writes `first`, then `again` every `everyMs` until the client is gone. */
function drip(first: string, again: string, everyMs: number): OnConnection {
  return afterHead((socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(again), everyMs);
    socket.on('close', () => clearInterval(timer));
  });
}

/** Writes `first`, then `again` as fast as it is taken, up to `bytesMax`. */
function flood(first: string, again: Buffer, bytesMax: number): OnConnection {
  return afterHead((socket) => {
    socket.write(first);
    let written = 0;
    const writeMore = () => {
      while (!socket.destroyed && written < bytesMax) {
        written += again.length;
        if (!socket.write(again)) {
          socket.once('drain', writeMore);
          return;
        }
      }
    };
    writeMore();
  });
}

function answer(text: string | Buffer): OnConnection {
  return afterHead((socket) => socket.end(text));
}

const ok = 'HTTP/1.1 200 OK\r\n';
const gigabyte = 1024 ** 3;
const metadataUrl = 'http://169.254.169.254/';
const okWith = (headers: string, body = '') => `${ok}${headers}\r\n\r\n${body}`;

export const bad = {
  hang: afterHead(() => {}),
  dripChunked: drip(okWith('transfer-encoding: chunked'), '1\r\nx\r\n', 50),
  dripWithLength: drip(okWith('content-length: 60000'), 'x', 50),
  dripHeaders: drip(ok, 'x-again: and again\r\n', 20),
  hugeBody: flood(okWith(`content-length: ${gigabyte}`), Buffer.alloc(65_536, 'a'), gigabyte),
  hugeChunked: flood(
    okWith('transfer-encoding: chunked'),
    Buffer.from(`10000\r\n${'a'.repeat(65_536)}\r\n`),
    gigabyte,
  ),
  endlessHeaders: flood(ok, Buffer.from('x-again: and again\r\n'.repeat(1_000)), gigabyte),
  endlessHeader: flood(`${ok}x-long: `, Buffer.alloc(65_536, 'a'), gigabyte),
  resetInBody: afterHead((socket) => {
    socket.write(okWith('content-length: 100', 'abc'), () =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    );
  }),
  endInBody: answer(okWith('content-length: 100', 'abc')),
  endInChunk: answer(okWith('transfer-encoding: chunked', '5\r\nabc')),
  resetBeforeAnswer: afterHead((socket) => socket.resetAndDestroy()),
  endBeforeAnswer: afterHead((socket) => socket.end()),
  notHttp: answer('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  badStatus: answer('HTTP/1.1 abc OK\r\n\r\n'),
  badChunk: answer(okWith('transfer-encoding: chunked', 'zz\r\nok\r\n0\r\n\r\n')),
  nulInHeader: answer(okWith('content-length: 2\r\nx-nul: a\0b', 'ok')),
  twoLengths: answer(okWith('content-length: 2\r\ncontent-length: 3', 'ok!')),
  switchProtocols: answer(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nabc',
  ),
  manyHeaders: answer(
    `${ok}${Array.from({ length: 300 }, (_, i) => `x-${i}: v`).join('\r\n')}\r\n\r\n`,
  ),
  longHeader: answer(okWith(`content-length: 0\r\nx-long: ${'a'.repeat(100_000)}`)),

  interimForEver: drip('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 5),
  lengthAndChunks: answer(
    okWith('content-length: 2\r\ntransfer-encoding: chunked', '2\r\nok\r\n0\r\n\r\n'),
  ),

  // Odd, and yet answers.
  /** Leaves the connection open for the next request. */
  keepAlive: afterHead((socket) => socket.write(okWith('content-length: 2', 'ok'))),
  protoHeader: answer(okWith('content-length: 0\r\n__proto__: polluted')),
  untilClose: answer('HTTP/1.0 200 OK\r\n\r\nuntil close'),
  continueFirst: answer(`HTTP/1.1 100 Continue\r\n\r\n${okWith('content-length: 2', 'ok')}`),
  earlyHints: answer(
    `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${okWith('content-length: 2', 'ok')}`,
  ),
  trailers: answer(
    okWith('transfer-encoding: chunked\r\ntrailer: x-t', '2\r\nok\r\n0\r\nx-t: 1\r\n\r\n'),
  ),
  emptyBody: answer(okWith('content-length: 0')),
  noContent: answer('HTTP/1.1 204 No Content\r\n\r\n'),
  /** A 304 has no body, whatever length it names. */
  notModified: afterHead((socket) =>
    socket.write('HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n'),
  ),
  redirect: answer(`HTTP/1.1 301 Moved\r\nlocation: ${metadataUrl}\r\ncontent-length: 0\r\n\r\n`),
  oddBytes: answer(
    Buffer.concat([
      Buffer.from(okWith('content-length: 6\r\nx-latin: caf\xe9'), 'latin1'),
      Buffer.from([0x41, 0x00, 0xff, 0xc3, 0xa9, 0x42]),
    ]),
  ),
  gzipBomb: afterHead((socket) => {
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024));
    socket.write(okWith(`content-encoding: gzip\r\ncontent-length: ${bomb.length}`));
    socket.end(bomb);
  }),
  /** Answers as soon as someone connects, and reads the request only afterwards. */
  answerFirst: ((socket) => {
    socket.write(okWith('content-length: 2', 'ok'));
    socket.resume();
  }) satisfies OnConnection,
  sixtyFiveHeaders: answer(
    okWith(
      Array.from({ length: 65 }, (_, i) => `x-${i}: ${'v'.repeat(200)}`)
        .concat('content-length: 0')
        .join('\r\n'),
    ),
  ),
} satisfies Record<string, OnConnection>;

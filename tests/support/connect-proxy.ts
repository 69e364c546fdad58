/** An HTTP proxy on 127.0.0.1 that knows CONNECT only and keeps the heads of what it was asked. */
import { connect, createServer, type Socket } from 'node:net';

export type ConnectProxy = {
  url: string;
  port: number;
  /** Each request's head, as it came. */
  heads: string[];
  stop(): Promise<void>;
};

/** @param refusal sent in place of the tunnel, e.g. `HTTP/1.1 403 Forbidden\r\n\r\n` */
export async function startConnectProxy(refusal?: string): Promise<ConnectProxy> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    hold(client);
    client.once('data', (chunk) => {
      const head = chunk.toString('latin1');
      heads.push(head);
      const [, host, port] = /^CONNECT (127\.\d+\.\d+\.\d+):(\d+) /.exec(head) ?? [];
      if (refusal !== undefined || host === undefined) {
        client.end(refusal ?? 'HTTP/1.1 405 Method Not Allowed\r\n\r\n');
        return;
      }
      const target = connect({ host, port: Number(port) }, () => {
        client.write('HTTP/1.1 200 Connection Established\r\nx-proxy: test\r\n\r\n');
        target.pipe(client);
        client.pipe(target);
      });
      hold(target);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    heads,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

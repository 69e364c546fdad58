/**
 * A network between a process and its PostgreSQL that can fail: a TCP proxy on 127.0.0.1. While it
 * is cut, bytes are kept and closings not told, as on a wire that leads nowhere: neither side hears
 * anything, and a short cut passes unnoticed.
 */
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { connectionOptions } from '../../src/repositories/connection.ts';

export type TcpProxy = {
  /** The database's URL, by way of this proxy. */
  through(databaseUrl: string): string;
  /** Nothing passes. Connections can be opened, and hear nothing either. */
  cut(): void;
  /** The same for the connections of this moment alone: a firewall that forgot them. */
  strand(): void;
  /** What was kept passes; a connection that one side has given up is reset. */
  restore(): void;
  stop(): Promise<void>;
};

/**
 * The server frees the locks of a peer that it does not hear: its keepalives of 2 + 2 x 1 s, which
 * this machine's kernel would answer for the proxy.
 */
const serverGivesUpMs = 4_000;

export async function startTcpProxy(databaseUrl: string): Promise<TcpProxy> {
  const target = targetOf(databaseUrl);
  const wires = new Set<Wire>();
  let isCut = false;
  const server = createServer((client) => {
    const wire = new Wire(client, { target, onGone: () => wires.delete(wire) });
    wires.add(wire);
    if (isCut) wire.cut();
    else wire.open();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const strand = () => {
    for (const wire of wires) wire.cut();
  };
  return {
    through: (url) => {
      const through = new URL(url.replace('@/', '@socket/'));
      through.search = '';
      through.hostname = '127.0.0.1';
      through.port = String(port);
      return through.href;
    },
    strand,
    cut() {
      isCut = true;
      strand();
    },
    restore() {
      isCut = false;
      for (const wire of wires) wire.restore();
    },
    async stop() {
      for (const wire of wires) wire.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A URL of either form (connection.ts). */
function targetOf(databaseUrl: string): NetConnectOpts {
  const { host, port } = connectionOptions(databaseUrl);
  if (typeof host === 'string') return { path: `${host}/.s.PGSQL.${port}` };
  const url = new URL(databaseUrl);
  return { host: url.hostname, port: Number(url.port) || 5432 };
}

/** One connection: the process's side, and the server's once it is open. */
class Wire {
  readonly #client: Socket;
  readonly #target: NetConnectOpts;
  #server: Socket | null = null;
  #isCut = false;
  /** What happened while it was cut, to happen when it is restored. */
  #kept: (() => void)[] = [];
  #givesUp: ReturnType<typeof setTimeout> | null = null;

  constructor(client: Socket, options: { target: NetConnectOpts; onGone(): void }) {
    this.#client = client;
    this.#target = options.target;
    client.on('data', (chunk) => this.#pass(() => this.#server?.write(chunk)));
    client.on('error', ignoreLoss);
    client.on('close', () =>
      this.#pass(() => {
        this.#server?.destroy();
        options.onGone();
      }),
    );
  }

  open(): void {
    const server = connect(this.#target);
    this.#server = server;
    server.on('data', (chunk) => this.#pass(() => this.#client.write(chunk)));
    server.on('error', ignoreLoss);
    server.on('close', () => this.#pass(() => this.#client.destroy()));
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#givesUp = setTimeout(() => this.#server?.destroy(), serverGivesUpMs);
  }

  restore(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    if (this.#givesUp !== null) clearTimeout(this.#givesUp);
    if (this.#server === null) this.open();
    if (this.#server?.destroyed) this.#client.resetAndDestroy();
    for (const happen of this.#kept.splice(0)) happen();
  }

  destroy(): void {
    if (this.#givesUp !== null) clearTimeout(this.#givesUp);
    this.#isCut = false;
    this.#client.destroy();
    this.#server?.destroy();
  }

  #pass(happen: () => void): void {
    if (this.#isCut) this.#kept.push(happen);
    else happen();
  }
}

/** Connections that end badly are what this proxy is for; their close says the same. */
function ignoreLoss(): void {}

/**
 * One keep-alive HTTP/1.1 connection on a raw socket: the load must cost far less than what it
 * loads. One request at a time (no pipelining); answers must tell their length.
 */
export type HttpConnection = {
  /** `request` is the whole of it, head and body. Only after the last one was answered. */
  send(request: Uint8Array): void;
  close(): void;
};

export type HttpAnswer = { status: number; body: string };

export async function openHttpConnection(
  port: number,
  events: { onAnswer(answer: HttpAnswer): void; onClosed(): void },
): Promise<HttpConnection> {
  let received = '';
  let unsent: Uint8Array | null = null;
  let closing = false;
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data(_, chunk) {
        received += chunk.toString('latin1');
        const answer = takeAnswer();
        if (answer !== null) events.onAnswer(answer);
      },
      drain: () => write(),
      close() {
        if (!closing) events.onClosed();
      },
      error() {
        if (!closing) events.onClosed();
      },
    },
  });
  socket.setNoDelay(true);

  function takeAnswer(): HttpAnswer | null {
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return null;
    const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1];
    if (length === undefined) throw new Error(`an answer without its length: ${received}`);
    const bodyStart = headEnd + 4;
    if (received.length < bodyStart + Number(length)) return null;
    const answer = { status: Number(received.slice(9, 12)), body: received.slice(bodyStart) };
    received = '';
    return answer;
  }

  function write(): void {
    if (unsent === null) return;
    const written = socket.write(unsent);
    unsent = written >= unsent.length ? null : unsent.subarray(Math.max(0, written));
  }

  return {
    send(request) {
      unsent = request;
      write();
    },
    close() {
      closing = true;
      socket.end();
    },
  };
}

/** The bytes of a POST of JSON. */
export function postRequest(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Uint8Array {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

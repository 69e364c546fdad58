/**
 * A small SMTP server on 127.0.0.1 that keeps what it is sent. It can refuse senders, and it can
 * fall silent, which is how real ones fail.
 */
import type { Socket } from 'bun';

type Received = { from: string; to: string[]; data: string };

export type SmtpServer = {
  url: string;
  received: Received[];
  /** Set to fall silent after the greeting, or to refuse every sender. */
  behaviour: { mode: 'accept' | 'refuse' | 'silent' };
  /** Resolves when so many mails have come. */
  until(count: number): Promise<void>;
  stop(): void;
};

type Session = { buffer: string; mail: Received; inData: boolean };

export function startSmtpServer(): SmtpServer {
  const received: Received[] = [];
  const behaviour: SmtpServer['behaviour'] = { mode: 'accept' };
  const waiters = new Set<() => void>();
  const empty = (): Received => ({ from: '', to: [], data: '' });

  function answer(socket: Socket<Session>, line: string): void {
    const { data } = socket;
    const verb = line.slice(0, 4).toUpperCase();
    const path = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (verb === 'EHLO' || verb === 'HELO') socket.write('250 test\r\n');
    else if (verb === 'MAIL' && behaviour.mode === 'refuse') socket.write('550 no\r\n');
    else if (verb === 'MAIL') {
      data.mail = { ...empty(), from: path };
      socket.write('250 ok\r\n');
    } else if (verb === 'RCPT') {
      data.mail.to.push(path);
      socket.write('250 ok\r\n');
    } else if (verb === 'DATA') {
      data.inData = true;
      socket.write('354 go on\r\n');
    } else if (verb === 'QUIT') socket.end('221 bye\r\n');
    else socket.write('250 ok\r\n');
  }

  function read(socket: Socket<Session>): void {
    const { data } = socket;
    for (;;) {
      const mark = data.inData ? '\r\n.\r\n' : '\r\n';
      const at = data.buffer.indexOf(mark);
      if (at < 0) return;
      const text = data.buffer.slice(0, at);
      data.buffer = data.buffer.slice(at + mark.length);
      if (!data.inData) {
        answer(socket, text);
        continue;
      }
      data.inData = false;
      received.push({ ...data.mail, data: text });
      socket.write('250 kept\r\n');
      for (const look of waiters) look();
    }
  }

  const server = Bun.listen<Session>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { buffer: '', mail: empty(), inData: false };
        if (behaviour.mode !== 'silent') socket.write('220 test ESMTP\r\n');
      },
      data(socket, bytes) {
        socket.data.buffer += bytes.toString('utf8');
        read(socket);
      },
    },
  });
  return {
    url: `smtp://127.0.0.1:${server.port}`,
    received,
    behaviour,
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (received.length < count) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    stop: () => server.stop(true),
  };
}

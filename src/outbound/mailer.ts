/**
 * Mail by SMTP. `post` hands over and never waits, so that no answer tells by its time whether a
 * mail went out; mails go one after the other, each within a bounded time, and a failure is logged
 * without the address or the text. What waits at a stop is sent while there is time.
 */
import { createTransport } from 'nodemailer';
import type { Log } from '../lib/log.ts';

/** Plain text. */
export type OutgoingMail = { to: string; subject: string; text: string };

export type Mailer = {
  post(mail: OutgoingMail): void;
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>;
};

const stepTimeoutMs = 10_000;
const mailTimeoutMs = 30_000;
/** Throttles let through far fewer; past it somebody is using us to send. */
const waitingMax = 500;

/** `url`: smtp:// or smtps://, with user and password where the server wants them. */
export function createMailer(options: { url: string; from: string; log: Log }): Mailer {
  const { log, from } = options;
  const transport = createTransport({
    url: options.url,
    connectionTimeout: stepTimeoutMs,
    greetingTimeout: stepTimeoutMs,
    socketTimeout: stepTimeoutMs,
    dnsTimeout: stepTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const waiting: OutgoingMail[] = [];
  let sending: Promise<void> | null = null;

  async function sendAll(): Promise<void> {
    for (let mail = waiting.shift(); mail !== undefined; mail = waiting.shift()) {
      try {
        await within(mailTimeoutMs, transport.sendMail({ from, ...mail }));
      } catch (error) {
        const domain = mail.to.slice(mail.to.lastIndexOf('@') + 1);
        log.error({ err: error, domain }, 'mail not sent');
      }
    }
    sending = null;
  }

  return {
    post(mail) {
      if (waiting.length >= waitingMax) {
        log.error({ waiting: waiting.length }, 'mail not sent: too many wait');
        return;
      }
      waiting.push(mail);
      sending ??= sendAll();
    },
    async drained() {
      await sending;
    },
  };
}

/** The server's own timeouts are for silence; one that drips must not hold the others. */
async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`the mail server took longer than ${limitMs} ms`)),
    limitMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { createLog } from '../../src/lib/log.ts';
import { createMailer } from '../../src/outbound/mailer.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

const server = startSmtpServer();
afterAll(() => server.stop());

const logged: Record<string, unknown>[] = [];
const log = createLog('silent');
log.error = (fields: unknown, message?: string) => {
  logged.push({ ...Object(fields), message });
};
const from = 'opsforge <ops@opsforge.test>';
const mailer = createMailer({ url: server.url, from, log });

beforeEach(() => {
  server.behaviour.mode = 'accept';
  server.received.length = 0;
  logged.length = 0;
});

describe('mail', () => {
  test('arrives as plain text, in order, with links as they are', async () => {
    const link = `https://opsforge.test/reset-password?token=${'a'.repeat(43)}`;
    mailer.post({ to: 'ada@opsforge.test', subject: 'Grüße', text: `Hier:\n${link}\n` });
    mailer.post({ to: 'bob@opsforge.test', subject: 'two', text: 'b' });
    await server.until(2);
    const [first, second] = server.received;
    expect(first).toMatchObject({ from: 'ops@opsforge.test', to: ['ada@opsforge.test'] });
    expect(second?.to).toEqual(['bob@opsforge.test']);
    expect(first?.data).toContain('Content-Type: text/plain; charset=utf-8');
    const softBreaks = /=\r\n/g;
    const text = first?.data.replace(softBreaks, '').replaceAll('=3D', '=');
    expect(text).toContain(link);
    expect(logged).toEqual([]);
  });

  test('that a server refuses is logged without address or text, and the next one goes', async () => {
    server.behaviour.mode = 'refuse';
    mailer.post({ to: 'ada@opsforge.test', subject: 'secret', text: 'secret' });
    await mailer.drained();
    expect(logged).toMatchObject([{ domain: 'opsforge.test', message: 'mail not sent' }]);
    expect(JSON.stringify(logged)).not.toContain('secret');
    expect(JSON.stringify(logged)).not.toContain('ada@');
    server.behaviour.mode = 'accept';
    mailer.post({ to: 'bob@opsforge.test', subject: 's', text: 't' });
    await server.until(1);
  });

  test('to a server that is not there is logged and harms nothing', async () => {
    const gone = startSmtpServer();
    gone.stop();
    const lost = createMailer({ url: gone.url, from, log });
    lost.post({ to: 'ada@opsforge.test', subject: 's', text: 't' });
    await lost.drained();
    expect(logged).toMatchObject([{ message: 'mail not sent' }]);
  });

  test('that piles up past its bound is let go and logged', async () => {
    server.behaviour.mode = 'silent';
    const slow = createMailer({ url: server.url, from, log });
    for (let made = 0; made <= 501; made += 1) {
      slow.post({ to: 'ada@opsforge.test', subject: 's', text: 't' });
    }
    expect(logged).toMatchObject([{ waiting: 500, message: 'mail not sent: too many wait' }]);
  });
});

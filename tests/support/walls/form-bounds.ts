/** What every form of ours refuses: too much of it, and what no form of a browser looks like. */
import { expect } from 'bun:test';
import type { TestPages } from '../signed-in.ts';
import { findHeaderOffences } from './answer-rules.ts';

/** As many bytes as may be sent in one body; more is not even read. */
const formBytesMax = 256 * 1024;

/** Asked by whoever is signed in, or nobody. */
export async function expectBounded(
  pages: Pick<TestPages, 'send' | 'cookie'>,
  path: string,
): Promise<void> {
  const send = (type: string, rawBody: string | Uint8Array<ArrayBuffer>) =>
    pages.send('POST', path, {
      rawBody,
      headers: {
        ...{ accept: 'text/html', cookie: pages.cookie(), 'sec-fetch-site': 'same-origin' },
        'content-type': type,
      },
    });
  const urlencoded = 'application/x-www-form-urlencoded';
  const fields = Array.from({ length: 10_000 }, (_, index) => `f${index}=1`).join('&');
  const part =
    '--b\r\ncontent-disposition: form-data; name="name"; filename="a"\r\n\r\nx\r\n--b--\r\n';
  const answers = [
    await send(urlencoded, `name=${'x'.repeat(formBytesMax)}`),
    await send(urlencoded, fields),
    await send('multipart/form-data; boundary=b', part),
    await send('application/json', '{"name":"x"}'),
    await send(urlencoded, new Uint8Array([0x61, 0x3d, 0xff])),
  ];
  expect([path, answers.map(({ status }) => status)]).toEqual([path, [413, 413, 415, 415, 400]]);
  for (const answer of answers) expect(findHeaderOffences(answer)).toEqual([]);
}

/**
 * The one way to read a request's body: with a bound on its bytes and on its time, and as the bytes
 * that were sent. tests/http/slow-bodies.test.ts holds that nothing else reads one.
 */
import { AppError } from '../../domain/errors.ts';
import { createTimeLimits } from '../../lib/time-limits.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * From the headers to the last byte. The listener's idle limit begins anew with each byte, so that
 * who sends one at a time would hold its connection for ever; 8 MiB within it are 1.2 Mbit/s.
 */
const bodyMsMax = 60_000;
const timeLimits = createTimeLimits();

/** Throws AppError `too_large`, `timed_out`, or `malformed` when the body ends early. */
export async function readBytes(
  request: Request,
  bytesMax: number,
  timeMsMax = bodyMsMax,
): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(announced, bytesMax);
  const bytes = await withinTime(request, timeMsMax);
  if (bytes.length > bytesMax) throw tooLarge(bytes.length, bytesMax);
  return bytes;
}

/** As `readBytes`, and `malformed` for bad UTF-8: bad bytes could not be kept as they were sent. */
export async function readText(
  request: Request,
  bytesMax: number,
  timeMsMax = bodyMsMax,
): Promise<string> {
  const bytes = await readBytes(request, bytesMax, timeMsMax);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause });
  }
}

function withinTime(request: Request, timeMsMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const limit = timeLimits.add(timeMsMax, () => {
      const detail = `The body had not come whole after ${timeMsMax / 1_000} s. Send it again, faster.`;
      reject(new AppError('timed_out', detail));
    });
    request.bytes().then(
      (bytes) => {
        timeLimits.drop(limit);
        resolve(bytes);
      },
      (cause) => {
        timeLimits.drop(limit);
        reject(new AppError('malformed', 'The body ended early.', { cause }));
      },
    );
  });
}

const tooLarge = (bytes: number, bytesMax: number) =>
  new AppError('too_large', `The body has ${bytes} bytes; at most ${bytesMax} are read.`);

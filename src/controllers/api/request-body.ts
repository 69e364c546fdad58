/** The one way to read a request's body, with a bound and as the bytes that were sent. */
import { AppError } from '../../domain/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Throws AppError `too_large`, or `malformed` when the body ends early. */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(announced, bytesMax);
  let bytes: Uint8Array;
  try {
    bytes = await request.bytes();
  } catch (cause) {
    throw new AppError('malformed', 'The body ended early.', { cause });
  }
  if (bytes.length > bytesMax) throw tooLarge(bytes.length, bytesMax);
  return bytes;
}

/** As `readBytes`, and `malformed` for bad UTF-8: bad bytes could not be kept as they were sent. */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  const bytes = await readBytes(request, bytesMax);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause });
  }
}

const tooLarge = (bytes: number, bytesMax: number) =>
  new AppError('too_large', `The body has ${bytes} bytes; at most ${bytesMax} are read.`);

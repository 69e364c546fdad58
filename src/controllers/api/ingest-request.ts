/** Reads what a posted event or batch brings, with as little work as there can be: the hot path. */
import { AppError } from '../../domain/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** None at all is taken as JSON. */
export const isJsonType = (contentType: string | null) =>
  contentType === null || jsonType.test(contentType);

export function wrongType(contentType: string | null, wanted: string): AppError {
  return new AppError(
    'unsupported_media_type',
    `The body is sent as ${contentType?.slice(0, 100)}; send it as ${wanted}.`,
  );
}

/** Throws AppError `too_large` or `malformed`: bad bytes could not be kept as they were sent. */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(announced, bytesMax);
  const bytes = await request.bytes();
  if (bytes.length > bytesMax) throw tooLarge(bytes.length, bytesMax);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause });
  }
}

const tooLarge = (bytes: number, bytesMax: number) =>
  new AppError('too_large', `The body has ${bytes} bytes; at most ${bytesMax} are read.`);

export function readHops(header: string | null): number {
  if (header === null) return 0;
  if (/^\d{1,3}$/.test(header)) return Number(header);
  throw new AppError('invalid', 'opsforge-hops must be a whole number.', {
    fields: [{ path: 'opsforge-hops', message: 'must be a whole number' }],
  });
}

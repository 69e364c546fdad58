/** What a posted event or batch, or a source's message, says of itself in its headers. */
import { AppError } from '../../domain/errors.ts';

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

export function readHops(header: string | null): number {
  if (header === null) return 0;
  if (/^\d{1,3}$/.test(header)) return Number(header);
  throw new AppError('invalid', 'opsforge-hops must be a whole number.', {
    fields: [{ path: 'opsforge-hops', message: 'must be a whole number' }],
  });
}

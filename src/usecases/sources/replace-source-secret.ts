/** Gives a source a new secret, made here where its kind allows that; the answer shows it once. */
import type { SourceId } from '../../domain/ids.ts';
import { type Ctx, requireScope } from '../context.ts';
import { findSource } from './find-source.ts';
import type { NewSource } from './schemas.ts';
import { chooseSecret } from './secrets.ts';
import { updateSource } from './update-source.ts';

export async function replaceSourceSecret(
  ctx: Ctx,
  id: SourceId,
  given: { secret: string | undefined; overlapSeconds: number },
): Promise<NewSource> {
  requireScope(ctx, 'sources:write');
  const { kind } = await findSource(ctx, id);
  const secret = chooseSecret(kind, given.secret);
  const { overlapSeconds } = given;
  return { ...(await updateSource(ctx, id, { secret, overlapSeconds })), secret };
}

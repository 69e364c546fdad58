/** /.well-known/webhook-keys/{id}: public keys of an endpoint, for anybody. */
import { Elysia } from 'elysia';
import { notFound } from '../domain/errors.ts';
import { type EndpointId, isUuid } from '../domain/ids.ts';
import { type PublicKeys, publicKeys } from '../usecases/endpoints/schemas.ts';
import { describeOperation } from './api/description.ts';

/** A new key signs at once, so a receiver that meets an unknown signature asks again anyway. */
const cachedSeconds = 300;

const maxShownId = 100;

export function wellKnownRoutes(listPublicKeys: (id: EndpointId) => Promise<PublicKeys>) {
  return new Elysia({ tags: ['Endpoints'] }).get(
    '/.well-known/webhook-keys/:id',
    async ({ params }) => {
      const id = params.id.toLowerCase();
      if (!isUuid(id)) throw notFound('endpoint', id.slice(0, maxShownId));
      // Safe because a brand only names what the id is of; that it exists is for the query to find.
      const answer = await listPublicKeys(id as EndpointId);
      const headers = { 'cache-control': `public, max-age=${cachedSeconds}` };
      return Response.json(answer, { headers });
    },
    {
      detail: describeOperation({
        id: 'listPublicKeys',
        summary: 'Public keys of an endpoint',
        description: 'Of endpoints with `signing` ed25519. Needs no credential.',
        isPublic: true,
        item: { name: 'endpoint' },
        status: 200,
        answer: publicKeys,
      }),
    },
  );
}

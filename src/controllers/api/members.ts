/** /api/v1/members */
import { Elysia } from 'elysia';
import type { UserId } from '../../domain/ids.ts';
import { changeMember, removeMember } from '../../usecases/people/change-member.ts';
import { findMember, listMembers } from '../../usecases/people/list-members.ts';
import {
  member,
  memberChanges,
  memberListQuery,
  memberPage,
} from '../../usecases/people/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<UserId>('member');
const lastOwner = 'It is the last owner of the tenant.';

export function memberRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/members', tags: ['Members'] })
    .get(
      '',
      ...operation(
        {
          id: 'listMembers',
          summary: 'List members',
          query: memberListQuery,
          status: 200,
          answer: memberPage,
        },
        ({ ctx, query }) => listMembers(ctx, query),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getMember', summary: 'Get a member', item, status: 200, answer: member },
        ({ ctx, id }) => findMember(ctx, id),
      ),
    )
    .patch(
      '/:id',
      ...operation(
        {
          id: 'updateMember',
          summary: 'Give a member another role',
          description: 'Only owners make and change owners. It counts within a second everywhere.',
          item,
          body: memberChanges,
          status: 200,
          answer: member,
          conflict: lastOwner,
          examples: { body: { role: 'viewer' } },
        },
        ({ ctx, id, body }) => changeMember(ctx, id, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'removeMember',
          summary: 'Remove a member',
          description: 'The account stays, and its memberships of other tenants.',
          item,
          status: 204,
          conflict: lastOwner,
        },
        ({ ctx, id }) => removeMember(ctx, id),
      ),
    );
}

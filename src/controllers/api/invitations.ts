/** /api/v1/invitations */
import { Elysia } from 'elysia';
import type { InvitationId } from '../../domain/ids.ts';
import {
  createInvitation,
  findInvitation,
  listInvitations,
  revokeInvitation,
} from '../../usecases/people/invite.ts';
import {
  invitation,
  invitationInput,
  invitationListQuery,
  invitationPage,
  newInvitation,
} from '../../usecases/people/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<InvitationId>('invitation');

export function invitationRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/invitations', tags: ['Members'] })
    .get(
      '',
      ...operation(
        {
          id: 'listInvitations',
          summary: 'List invitations',
          description: 'Those that are open.',
          query: invitationListQuery,
          status: 200,
          answer: invitationPage,
        },
        ({ ctx, query }) => listInvitations(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createInvitation',
          summary: 'Invite somebody',
          description:
            'Its link is answered this once, and mailed where the installation sends mail. It is ' +
            'for the person with this e-mail address, works once and ends after 7 days; an ' +
            'earlier one for the same address is void.',
          body: invitationInput,
          status: 201,
          answer: newInvitation,
          conflict: 'The person is a member already, or too many invitations are open.',
          examples: { body: { email: 'ada@example.com', role: 'member' } },
        },
        ({ ctx, body }) => createInvitation(ctx, body),
      ),
    )
    .get(
      '/:id',
      ...operation(
        {
          id: 'getInvitation',
          summary: 'Get an invitation',
          item,
          status: 200,
          answer: invitation,
        },
        ({ ctx, id }) => findInvitation(ctx, id),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'revokeInvitation',
          summary: 'Withdraw an invitation',
          description: 'Its link is void from then on.',
          item,
          status: 204,
        },
        ({ ctx, id }) => revokeInvitation(ctx, id),
      ),
    );
}

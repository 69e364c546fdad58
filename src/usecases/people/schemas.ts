/** What clients send and see of members and invitations; HTTP and pages share it. */
import { z } from 'zod';
import { parseEmail } from '../../domain/email-addresses.ts';
import type { InvitationId, UserId } from '../../domain/ids.ts';
import { roles } from '../../domain/roles.ts';
import { id, listParameters, moment, pageOf } from '../schemas.ts';

const role = z
  .enum(roles, `must be one of ${roles.join(', ')}`)
  .describe('Owners and admins may do everything; only owners make and remove owners.');

const email = z
  .string('must be a string')
  .transform((text, context) => {
    const parsed = parseEmail(text);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: 'is not an e-mail address' });
    return z.NEVER;
  })
  .describe('Kept in lower case.');

export const memberListQuery = z.strictObject(listParameters<UserId>());
export type MemberListQuery = z.output<typeof memberListQuery>;

export const memberChanges = z.strictObject({ role }).meta({ id: 'MemberChanges' });
export type MemberChanges = z.output<typeof memberChanges>;

export const member = z
  .object({
    id: id.describe('Of the person, in every tenant.'),
    email: z.string(),
    name: z.string(),
    role: z.enum(roles),
    secondFactor: z.boolean().describe('Whether a second factor guards the password.'),
    createdAt: moment.describe('When the person became a member.'),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof member>;

export const memberPage = pageOf(member).meta({ id: 'MemberPage' });

export const invitationListQuery = z.strictObject(listParameters<InvitationId>());
export type InvitationListQuery = z.output<typeof invitationListQuery>;

export const invitationInput = z.strictObject({ email, role }).meta({ id: 'InvitationInput' });
export type InvitationInput = z.output<typeof invitationInput>;

export const invitation = z
  .object({
    id,
    email: z.string(),
    role: z.enum(roles),
    invitedBy: z.string().nullable().describe('A name; null: by an API key, or a former member.'),
    createdAt: moment,
    expiresAt: moment,
  })
  .meta({ id: 'Invitation' });
export type Invitation = z.infer<typeof invitation>;

export const newInvitation = invitation
  .extend({
    link: z.string().describe('With which it is accepted. It is never shown again.'),
    mailed: z.boolean().describe('Whether the link was handed to the post as well.'),
  })
  .meta({ id: 'NewInvitation' });
export type NewInvitation = z.infer<typeof newInvitation>;

export const invitationPage = pageOf(invitation).meta({ id: 'InvitationPage' });

/** What clients ask and see of the audit log. */
import { z } from 'zod';
import { auditActorKinds } from '../../domain/audit-log.ts';
import type { AuditEntryId, ProjectId } from '../../domain/ids.ts';
import {
  id,
  idInput,
  listParameters,
  moment,
  searchedPageOf,
  storableString,
  timeParameters,
} from '../schemas.ts';

/** Disjoint character classes: linear, whatever is sent. */
const actionPattern = /^[a-z_]+\.(?:[a-z_]+|\*)$/;
const actionLengthMax = 100;

const filters = {
  projectId: idInput<ProjectId>()
    .optional()
    .describe('Only what belongs to this project; a key that is bound to one sees no other.'),
  action: z
    .string()
    .max(actionLengthMax, `must be at most ${actionLengthMax} characters`)
    .regex(actionPattern, 'must be an action, or all of a kind like endpoint.*')
    .optional()
    .describe('An action, or all of one kind: `endpoint.*`.'),
  actorKind: z
    .enum(auditActorKinds, `must be one of ${auditActorKinds.join(', ')}`)
    .optional()
    .describe('Who did it: a key, a member, the command line, or opsforge by itself.'),
  actorId: idInput<string>().optional().describe('Of the key or the member.'),
  targetId: idInput<string>().optional().describe('Of the thing that was changed.'),
  q: storableString(1, 200)
    .optional()
    .describe('Stands in the name of the actor or the target, the action or the request id.'),
  ...timeParameters,
};

export const auditListQuery = z.strictObject({ ...filters, ...listParameters<AuditEntryId>() });
export type AuditListQuery = z.output<typeof auditListQuery>;

const auditExportFormats = ['csv', 'ndjson'] as const;

export const auditExportQuery = z.strictObject({
  format: z.enum(auditExportFormats, `must be one of ${auditExportFormats.join(', ')}`),
  ...filters,
});
export type AuditExportQuery = z.output<typeof auditExportQuery>;

const fields = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('Only the fields that changed, with secrets masked.');

export const auditEntry = z
  .object({
    id,
    at: moment,
    actor: z.object({
      kind: z.enum(auditActorKinds),
      id: id.nullable(),
      label: z.string().describe('What it was called then.'),
    }),
    action: z.string().describe('Clients must bear actions that later versions add.'),
    target: z.object({
      kind: z.string(),
      id,
      label: z.string().describe('What it was called then.'),
    }),
    projectId: id.nullable().describe('Null: belongs to no project.'),
    before: fields,
    after: fields,
    requestId: z.string().nullable().describe('The `X-Request-Id` of the request that did it.'),
    remoteAddress: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditPage = searchedPageOf(auditEntry).meta({ id: 'AuditPage' });

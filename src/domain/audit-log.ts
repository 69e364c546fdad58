/**
 * What the audit log says of a change. Actions are a closed list: the first word is the kind of the
 * target, the second what was done to it. Of a change only the fields that differ are kept.
 */
export const auditActions = [
  'tenant.created',
  'tenant.quotas_changed',
  'project.created',
  'project.updated',
  'project.deleted',
  'api_key.created',
  'api_key.updated',
  'api_key.revoked',
  'member.joined',
  'member.updated',
  'member.removed',
  'member.signed_in',
  'member.signed_out_everywhere',
  'member.password_changed',
  'member.second_factor_enabled',
  'member.second_factor_disabled',
  'member.second_factor_failed',
  'member.recovery_codes_renewed',
  'invitation.created',
  'invitation.revoked',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.deleted',
  'endpoint.enabled',
  'endpoint.disabled',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.tested',
  'endpoint.secret_revealed',
  'endpoint.secret_rotated',
  'endpoint.previous_secrets_ended',
  'source.created',
  'source.updated',
  'source.deleted',
  'source.paused',
  'source.resumed',
  'source.previous_secrets_ended',
  'delivery.retried',
  'delivery.cancelled',
  'replay.created',
  'replay.cancelled',
  'portal_link.created',
  'portal_link.revoked',
  'portal.updated',
] as const;

export type AuditAction = (typeof auditActions)[number];

export const auditActorKinds = ['api_key', 'member', 'portal', 'operator', 'system'] as const;

export type AuditActorKind = (typeof auditActorKinds)[number];

export const auditTargetKind = (action: AuditAction) => action.slice(0, action.indexOf('.'));

/** As users see the thing: its secrets are masked already. */
export type AuditedFields = Readonly<Record<string, unknown>>;

export type FieldChange = { before: AuditedFields | null; after: AuditedFields | null };

/** They say nothing that the entry does not say itself. */
const passedOver = new Set(['id', 'createdAt', 'updatedAt']);

/**
 * The fields that differ, by their JSON. With one side null all fields of the other.
 * @param masked fields that changed though both sides show the same mask
 */
export function changedFields(
  before: AuditedFields | null,
  after: AuditedFields | null,
  masked: readonly string[] = [],
): FieldChange {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const isChanged = (name: string) =>
    before === null ||
    after === null ||
    masked.includes(name) ||
    JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  const changed = [...names].filter((name) => !passedOver.has(name) && isChanged(name));
  const only = (fields: AuditedFields | null) =>
    fields && Object.fromEntries(changed.map((name) => [name, fields[name] ?? null]));
  return { before: only(before), after: only(after) };
}

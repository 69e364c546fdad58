/**
 * Ids are UUIDv7 made by us, so that a time range is an id range: partitions, pruning and cursors
 * depend on it. Brands keep a project id from standing where a tenant id is wanted.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type TenantId = Branded<'tenant'>;
export type ProjectId = Branded<'project'>;
export type EndpointId = Branded<'endpoint'>;
export type EventId = Branded<'event'>;
export type DeliveryId = Branded<'delivery'>;
export type AttemptId = Branded<'attempt'>;
export type ApiKeyId = Branded<'api_key'>;
export type SourceId = Branded<'source'>;
export type ReplayId = Branded<'replay'>;
export type PortalLinkId = Branded<'portal_link'>;
export type WorkerId = Branded<'worker'>;
export type AuditEntryId = Branded<'audit_entry'>;
export type UserId = Branded<'user'>;
export type SessionId = Branded<'session'>;
export type InvitationId = Branded<'invitation'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new UUIDv7 of the given time; pass the database's time (`Clock.databaseNow()`), in ms. */
export function newId<Id extends string>(atMs: number): Id {
  // Safe because a brand only names what the caller stores the id as.
  return Bun.randomUUIDv7('hex', Math.floor(atMs)) as Id;
}

/** Any UUID in canonical lower case, as the API writes them. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** RFC 9562 version 7 with the standard variant. */
export function isUuidv7(text: string): boolean {
  return isUuid(text) && text[14] === '7' && '89ab'.includes(text[19] ?? '');
}

/** Milliseconds since the epoch that a UUIDv7 begins with. */
export function idTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** What an id's 48 bits of time can hold; a client may ask for any id. */
const idTimeMsMax = 2 ** 48 - 1;

/**
 * The smallest id of a time: bound of `id >= …`; twin of the SQL function `uuid_at`. Times past the
 * last one that an id can hold have that one's.
 */
export function idAt(givenMs: number): string {
  const timeMs = Math.min(givenMs, idTimeMsMax);
  const hex = Math.floor(timeMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

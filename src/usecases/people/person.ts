/** Who is signed in, as pages and the API know them: one person, the tenants they belong to. */
import type { SessionId, TenantId, UserId } from '../../domain/ids.ts';
import type { Role } from '../../domain/roles.ts';

export type Membership = { tenantId: TenantId; slug: string; name: string; role: Role };

export type Person = {
  userId: UserId;
  sessionId: SessionId;
  email: string;
  name: string;
  /** By name. */
  memberships: readonly Membership[];
};

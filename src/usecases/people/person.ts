/** Who is signed in, as pages and the API know them: one person, the tenants they belong to. */
import type { SessionId, TenantId, UserId } from '../../domain/ids.ts';
import type { Role } from '../../domain/roles.ts';

export type Membership = { tenantId: TenantId; slug: string; name: string; role: Role };

/** Who is in more tenants than these sees the first by name. */
export const membershipsMax = 200;

/** A person as the audit log names them; a row of theirs is one. */
export type Doer = { id: UserId; email: string };

export type Person = {
  userId: UserId;
  sessionId: SessionId;
  email: string;
  name: string;
  /** By name. */
  memberships: readonly Membership[];
};

export const doerOf = ({ userId, email }: Person): Doer => ({ id: userId, email });

/** From an entry of the table to addresses that can be asked, and the fields of its form. */
import type { TenantId } from '../../../src/domain/ids.ts';
import type { TestPages } from '../signed-in.ts';
import { type MarkedTenant, makeThing, type ThingName } from './marked-tenant.ts';
import { type Wall, walls } from './table.ts';

/** Parameter of the path or the query → the id that stands in it. */
export type Ids = Readonly<Record<string, string>>;
/** `asked`: what of an answer is only the question again, each under a name. */
export type Address = { path: string; asked: Readonly<Record<string, string>> };
export type OfKind<Kind extends Wall['kind']> = {
  route: string;
  wall: Extract<Wall, { kind: Kind }>;
};

export function walled<Kind extends Wall['kind']>(...kinds: Kind[]): OfKind<Kind>[] {
  return Object.entries(walls).flatMap(([route, wall]) =>
    // Safe because the kinds are compared.
    (kinds as string[]).includes(wall.kind) ? [{ route, wall } as OfKind<Kind>] : [],
  );
}

/** What the path names; a thing of the tenant that is not there is a 404. */
export const itemsIn = (wall: Wall) => ('items' in wall ? (wall.items ?? {}) : {});
const queryIn = (wall: Wall) => ('query' in wall ? (wall.query ?? {}) : {});

/** Asks for each thing that path and query name. */
export async function idsOf(
  wall: Wall,
  find: (thing: ThingName) => string | Promise<string>,
): Promise<Ids> {
  const things = Object.entries({ ...itemsIn(wall), ...queryIn(wall) });
  const ids = things.map(async ([parameter, thing]) => [parameter, await find(thing)]);
  return Object.fromEntries(await Promise.all(ids));
}

/** The same things as ids that nothing has. */
export const nowhere = (ids: Ids): Ids =>
  Object.fromEntries(Object.keys(ids).map((name) => [name, Bun.randomUUIDv7()]));

export function addressOf(route: string, slug: string, ids: Ids): Address {
  return fill(route, { tenant: slug, project: 'main', ...ids }, { TENANT: slug, ...ids });
}

export function portalAddressOf(route: string, token: string, ids: Ids): Address {
  return fill(route, { token, ...ids }, { TOKEN: token, ...ids });
}

function fill(route: string, values: Ids, asked: Ids): Address {
  const wall = walls[route];
  if (wall === undefined) throw new Error(`${route} has no entry in the table of walls`);
  if (wall.kind === 'public' && wall.path !== undefined) return { path: wall.path, asked: {} };
  const value = (name: string) => {
    const known = values[name];
    if (known === undefined) throw new Error(`${route}: name what ${name} is, by \`items\``);
    return known;
  };
  const named = Object.keys(queryIn(wall)).map((name) => [name, value(name)]);
  const plain = 'plain' in wall ? Object.entries(wall.plain ?? {}) : [];
  const query = [...named, ...plain].map(([name, text]) => `${name}=${text}`).join('&');
  const [, pattern = ''] = route.split(' ');
  const place = pattern.replace(/:(\w+)/g, (_, name: string) => value(name));
  const path = query === '' ? place : `${place}?${query}`;
  return { path, asked: { NEXT: encodeURIComponent(path), PATH: place, ...asked } };
}

/** With things of this tenant, where the form names some; `marker` where it wants a name typed. */
export async function fieldsOf(
  pages: TestPages,
  tenant: MarkedTenant,
  wall: Wall,
  marker = tenant.marker,
): Promise<Record<string, string>> {
  const fields = 'fields' in wall ? (wall.fields ?? {}) : {};
  if (typeof fields !== 'function') return fields;
  return fields((name) => makeThing(pages, tenant, name), marker);
}

/** The lines of the tenant's audit log: what a refused form must leave as they are. */
export async function countChanges(pages: TestPages, tenantId: TenantId): Promise<number> {
  const [row] = await pages.db.admin.sql`
    select count(*)::int as count from audit_log where tenant_id = ${tenantId}`;
  return row?.['count'];
}

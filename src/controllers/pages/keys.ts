/** /t/{tenant}/settings/keys: which key is this, is it used? The list, and revoking. */
import { Elysia } from 'elysia';
import { formatAge, formatCount, formatDate } from '../../../views/components/format.ts';
import type { GlyphName } from '../../../views/components/state.tsx';
import { type KeyRow, KeysPage, type KeysProps, RevokeKey } from '../../../views/keys.tsx';
import { tenantPath } from '../../../views/navigation.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { findApiKey } from '../../usecases/accounts/find-api-key.ts';
import { listApiKeys } from '../../usecases/accounts/list-api-keys.ts';
import { revokeApiKey } from '../../usecases/accounts/revoke-api-key.ts';
import { type ApiKey, apiKeyListQuery, type NewApiKey } from '../../usecases/accounts/schemas.ts';
import type { Ctx } from '../../usecases/context.ts';
import type { Membership } from '../../usecases/people/person.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import type { Project } from '../../usecases/projects/schemas.ts';
import { thing } from '../api/operation.ts';
import { keyCommand } from './key-command.ts';
import { createPages, type PageDeps, type View } from './page.ts';
import { presetOf, scopeWords } from './scope-words.ts';
import { settingsCrumbs, settingsReader } from './settings.ts';

const listQuery = apiKeyListQuery.pick({ cursor: true });
/** More than anybody looks through at once; older ones are a page on. */
const keysPerPage = 100;
/** More than anybody looks through; the API pages through all. */
const projectsMax = 200;
const dayMs = 86_400_000;
/** A key that ends within it needs its successor now. */
const endsSoonMs = 14 * dayMs;
/** Not used for so long, it may be one that nobody needs any more. */
const idleMs = 30 * dayMs;
const scopesShown = 3;

type KeysCall = { ctx: Ctx; tenant: Membership; nowMs: number };

export function keyPages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  const item = thing<ApiKeyId>('API key');
  return new Elysia({ prefix: '/t/:tenant/settings/keys' })
    .get(
      '',
      ...tenant.view({ query: listQuery }, (call) => keysView(call, call.query.cursor ?? null)),
    )
    .get(
      '/:id/revoke',
      ...tenant.view({ item }, async (call) => {
        const key = await findApiKey(call.ctx, call.id);
        const paths = keyPaths(call.tenant);
        return {
          ...keysFrame(call.tenant),
          title: `Revoke ${key.name}`,
          body: () =>
            RevokeKey({ ...revocationOf(key, paths, call.nowMs), cancelHref: paths.list }),
        };
      }),
    )
    .post(
      '/:id/revoke',
      ...tenant.action({ item }, async (call) => {
        const key = await findApiKey(call.ctx, call.id);
        await revokeApiKey(call.ctx, call.id);
        const toast = { tone: 'ok', title: 'API key revoked', text: key.name } as const;
        return { goTo: keyPaths(call.tenant).list, toast };
      }),
    );
}

export function keyPaths(tenant: Membership) {
  const list = tenantPath(tenant, '/settings/keys');
  return {
    list,
    make: `${list}/new`,
    edit: (id: string) => `${list}/${id}`,
    revoke: (id: string) => `${list}/${id}/revoke`,
  };
}

export function keysFrame(tenant: Membership) {
  return { title: 'API keys', nav: 'settings', crumbs: settingsCrumbs(tenant) } as const;
}

/** Whether who asks may make, change and end keys; the use cases refuse in any case. */
const mayChange = (tenant: Membership) => allows(scopesOf(tenant.role), 'api-keys:write');

export async function listProjectsOfKeys(ctx: Ctx): Promise<readonly Project[]> {
  return (await listProjects(ctx, { limit: projectsMax })).data;
}

/** @param made a key that is shown this once, above the list */
export async function keysView(
  call: KeysCall,
  cursor: ApiKeyId | null,
  made: NewApiKey | null = null,
): Promise<View> {
  const { ctx, tenant, nowMs } = call;
  const paged = cursor === null ? {} : { cursor };
  const [{ data, nextCursor }, projects] = await Promise.all([
    listApiKeys(ctx, { limit: keysPerPage, ...paged }),
    listProjectsOfKeys(ctx),
  ]);
  const paths = keyPaths(tenant);
  const rowOf = (key: ApiKey) => toRow(key, projects, tenant, nowMs);
  const isWhole = cursor === null && nextCursor === null;
  const props: KeysProps = {
    tabs: settingsReader(tenant),
    sentence: sentenceOf(data, isWhole, nowMs),
    newHref: mayChange(tenant) ? paths.make : null,
    made: made && madeOf(made, projects, ctx.deps.publicUrl(), paths.list),
    rows: data.map((key) => ({ ...rowOf(key), isNew: key.id === made?.id })),
    shown: `${data.length} shown, newest first.`,
    olderHref: nextCursor === null ? null : `${paths.list}?cursor=${nextCursor}`,
    newestHref: cursor === null ? null : paths.list,
    nowMs,
  };
  return { ...keysFrame(tenant), body: () => KeysPage(props) };
}

function madeOf(
  key: NewApiKey,
  projects: readonly Project[],
  publicUrl: string,
  doneHref: string,
): NonNullable<KeysProps['made']> {
  // A key of all projects has to name one in most requests.
  const named = key.projectId === null ? (projects[0]?.id ?? null) : null;
  return { name: key.name, text: key.key, command: keyCommand(publicUrl, key, named), doneHref };
}

function toRow(
  key: ApiKey,
  projects: readonly Project[],
  tenant: Membership,
  nowMs: number,
): Omit<KeyRow, 'isNew'> {
  const paths = keyPaths(tenant);
  const words = scopeWords(key.scopes);
  const project = projects.find(({ id }) => id === key.projectId);
  const endsAtMs = key.expiresAt === null ? null : Date.parse(key.expiresAt);
  return {
    name: key.name,
    href: mayChange(tenant) ? paths.edit(key.id) : null,
    hint: `ofk_…${key.keyHint}`,
    createdAt: key.createdAt,
    project: key.projectId === null ? 'all projects' : (project?.name ?? 'a deleted project'),
    scopes: words.slice(0, scopesShown),
    moreScopes: Math.max(0, words.length - scopesShown),
    allScopes: presetOf(key.scopes) === 'custom' ? words.join(', ') : key.scopes.join(', '),
    rateLimit: key.rateLimit === null ? null : `${formatCount(key.rateLimit.perSecond)} a second`,
    ends: key.expiresAt === null ? 'never' : formatDate(key.expiresAt),
    endsSoon: endsAtMs !== null && endsAtMs - nowMs < endsSoonMs && endsAtMs > nowMs,
    lastUsedAt: key.lastUsedAt,
    ...stateOf(key, nowMs),
    revocation: mayChange(tenant) ? revocationOf(key, paths, nowMs) : null,
  };
}

function stateOf(
  { expiresAt, lastUsedAt, createdAt }: ApiKey,
  nowMs: number,
): { glyph: GlyphName; state: string } {
  const leftMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - nowMs;
  if (leftMs <= 0) return { glyph: 'cancel', state: 'Ended' };
  if (leftMs < endsSoonMs) return { glyph: 'warn', state: `Ends in ${formatAge(leftMs)}` };
  if (lastUsedAt === null) {
    const isYoung = nowMs - Date.parse(createdAt) < dayMs;
    return isYoung ? { glyph: 'ok', state: 'New' } : { glyph: 'pending', state: 'Never used' };
  }
  const isIdle = nowMs - Date.parse(lastUsedAt) > idleMs;
  return isIdle ? { glyph: 'pending', state: 'Not used' } : { glyph: 'ok', state: 'Active' };
}

/** What the dialog, and its page, say: the effect, and whether anything will miss it. */
function revocationOf(
  key: ApiKey,
  paths: ReturnType<typeof keyPaths>,
  nowMs: number,
): NonNullable<KeyRow['revocation']> {
  const used =
    key.lastUsedAt === null
      ? 'It was never used.'
      : `It was last used ${formatAge(nowMs - Date.parse(key.lastUsedAt))} ago.`;
  return {
    id: `revoke-${key.id}`,
    href: paths.revoke(key.id),
    title: `Revoke “${key.name}”?`,
    text: `Whatever sends ofk_…${key.keyHint} is answered with 401 within 1 s, for good. ${used}`,
    submit: 'Revoke this key',
  };
}

/** "6 keys, one ends in 6 d." */
function sentenceOf(keys: readonly ApiKey[], isWhole: boolean, nowMs: number): string {
  const stops = 'A revoked key stops within 1 s everywhere.';
  if (keys.length === 0) return 'Applications sign in by a key. There is none yet.';
  const count = `${isWhole ? '' : 'More than '}${keys.length} key${keys.length === 1 ? '' : 's'}`;
  const left = keys
    .flatMap(({ expiresAt }) => (expiresAt === null ? [] : [Date.parse(expiresAt) - nowMs]))
    .filter((leftMs) => leftMs > 0 && leftMs < endsSoonMs);
  if (left.length === 0) return `${count}. ${stops}`;
  const first = formatAge(Math.min(...left));
  const ending = left.length === 1 ? `one ends in ${first}` : `${left.length} end, one in ${first}`;
  return `${count}, ${ending}. ${stops}`;
}

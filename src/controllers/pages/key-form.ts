/** /t/{tenant}/settings/keys/new and /{id}: making an API key, and changing one. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { formatDate } from '../../../views/components/format.ts';
import { KeyForm, type KeyFormProps } from '../../../views/key-form.tsx';
import type { ApiKeyId } from '../../domain/ids.ts';
import { scopes } from '../../domain/scopes.ts';
import { createApiKey } from '../../usecases/accounts/create-api-key.ts';
import { findApiKey } from '../../usecases/accounts/find-api-key.ts';
import { type ApiKey, apiKeyChanges, apiKeyInput } from '../../usecases/accounts/schemas.ts';
import { updateApiKey } from '../../usecases/accounts/update-api-key.ts';
import { type Ctx, requireScope } from '../../usecases/context.ts';
import type { Membership } from '../../usecases/people/person.ts';
import { thing } from '../api/operation.ts';
import { numberText, severalTexts } from './form.ts';
import { keyPaths, keysFrame, keysView, listProjectsOfKeys } from './keys.ts';
import { createPages, type PageDeps, type View } from './page.ts';
import { presetChoices, presetOf, presets, scopeGroups, scopesOfChoice } from './scope-words.ts';

const dateText = z.iso.date('must be a date like 2027-01-31, or empty').or(z.literal(''));

const fields = {
  name: z.string(),
  access: z.enum(presets),
  // An empty one stands in the form, so that none at all is an error at the field.
  scopes: severalTexts
    .transform((texts) => texts.filter((text) => text !== ''))
    .pipe(z.array(z.enum(scopes, 'is not a permission'))),
  expiresAt: dateText,
  rateLimit: numberText,
};
type Fields = z.output<z.ZodObject<typeof fields>>;

const newKey = z
  .strictObject({ ...fields, projectId: z.string() })
  .transform(
    ({ projectId, ...typed }): z.input<typeof apiKeyInput> => ({
      ...settingsOf(typed),
      projectId: projectId === '' ? null : projectId,
    }),
  )
  .pipe(apiKeyInput);

/** `endsNow`: the day that stood in the form; the same once more keeps the time that it had. */
const changedKey = z
  .strictObject({ ...fields, endsNow: dateText })
  .transform(({ endsNow, ...typed }): z.input<typeof apiKeyChanges> => {
    const { expiresAt, ...settings } = settingsOf(typed);
    return typed.expiresAt === endsNow ? settings : { ...settings, expiresAt };
  })
  .pipe(apiKeyChanges);

function settingsOf({ name, access, expiresAt, rateLimit, ...typed }: Fields) {
  return {
    name,
    scopes: scopesOfChoice(access, typed.scopes),
    // To the end of the day, which is what people mean by "ends on".
    expiresAt: expiresAt === '' ? null : `${expiresAt}T23:59:59.999Z`,
    rateLimit: rateLimit === undefined ? null : { perSecond: rateLimit },
  };
}

/** What is proposed: long enough to forget it, short enough that a leaked key does not stay. */
const proposedDays = 365;
const dayMs = 86_400_000;

type FormCall = {
  ctx: Ctx;
  tenant: Membership;
  place: { project: { slug: string } | null };
  nowMs: number;
};

export function keyFormPages(deps: PageDeps) {
  const { tenant } = createPages(deps);
  const item = thing<ApiKeyId>('API key');
  return new Elysia({ prefix: '/t/:tenant/settings/keys' })
    .get('/new', ...tenant.view({}, (call) => newKeyView(call, emptyDraft)))
    .post(
      '/new',
      ...tenant.action({ form: newKey, refused: newKeyView }, async (call) => {
        const made = await createApiKey(call.ctx, call.form);
        return { view: await keysView(call, null, made) };
      }),
    )
    .get('/:id', ...tenant.view({ item }, (call) => changeView(call, emptyDraft)))
    .post(
      '/:id',
      ...tenant.action({ item, form: changedKey, refused: changeView }, async (call) => {
        const { name } = await updateApiKey(call.ctx, call.id, call.form);
        const toast = { tone: 'ok', title: 'API key saved', text: name } as const;
        return { goTo: keyPaths(call.tenant).list, toast };
      }),
    );
}

async function newKeyView(call: FormCall, draft: FormDraft): Promise<View> {
  requireScope(call.ctx, 'api-keys:write');
  const projects = await listProjectsOfKeys(call.ctx);
  const last = projects.find(({ slug }) => slug === call.place.project?.slug) ?? projects[0];
  const proposedEnd = new Date(call.nowMs + proposedDays * dayMs).toISOString().slice(0, 10);
  return formView(call.tenant, {
    draft,
    title: 'New API key',
    sentence: 'The key is shown once, after it is made.',
    action: keyPaths(call.tenant).make,
    submit: 'Create key',
    projects: {
      options: [
        ...projects.map(({ id, name }) => ({ value: id, label: name })),
        { value: '', label: 'All projects' },
      ],
      value: last?.id ?? '',
    },
    values: { name: '', access: 'send', scopes: [], expiresAt: proposedEnd, rateLimit: '' },
  });
}

async function changeView(
  call: Omit<FormCall, 'place'> & { id: ApiKeyId },
  draft: FormDraft,
): Promise<View> {
  requireScope(call.ctx, 'api-keys:write');
  const [key, projects] = await Promise.all([
    findApiKey(call.ctx, call.id),
    listProjectsOfKeys(call.ctx),
  ]);
  const project = projects.find(({ id }) => id === key.projectId);
  const of = key.projectId === null ? 'all projects' : (project?.name ?? 'a deleted project');
  const paths = keyPaths(call.tenant);
  return formView(call.tenant, {
    draft,
    title: key.name,
    sentence: `ofk_…${key.keyHint}, for ${of}, made on ${formatDate(key.createdAt)}.`,
    action: paths.edit(key.id),
    submit: 'Save key',
    projects: null,
    values: valuesOf(key),
    revokeHref: paths.revoke(key.id),
  });
}

function valuesOf(key: ApiKey): KeyFormProps['values'] {
  return {
    name: key.name,
    access: presetOf(key.scopes),
    scopes: key.scopes,
    expiresAt: key.expiresAt?.slice(0, 10) ?? '',
    rateLimit: key.rateLimit === null ? '' : String(key.rateLimit.perSecond),
  };
}

function formView(
  tenant: Membership,
  props: Omit<KeyFormProps, 'cancelHref' | 'presets' | 'groups'>,
): View {
  const { list } = keyPaths(tenant);
  const { crumbs, ...frame } = keysFrame(tenant);
  return {
    ...frame,
    title: props.title,
    crumbs: [...crumbs, { name: 'API keys', href: list }],
    body: () =>
      KeyForm({ ...props, cancelHref: list, presets: presetChoices, groups: scopeGroups() }),
  };
}

/** /t/{tenant}/p/{project}/sources: outside senders, how each is set up, and its secret, once. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { FormPage } from '../../../views/components/dialog.tsx';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import type { Toast } from '../../../views/components/toast.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { DeleteSource, SourceForm, SourceSecretForm } from '../../../views/source-forms.tsx';
import { type ChosenSource, endingOf, SourceKinds, Sources } from '../../../views/sources.tsx';
import { invalidField } from '../../domain/errors.ts';
import type { ProjectId, SourceId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { defaultHmacSettings } from '../../domain/sources/hmac.ts';
import { sourceRules } from '../../domain/sources/kinds.ts';
import { type SourceKind, sourceKinds } from '../../domain/sources/source.ts';
import { createSource } from '../../usecases/sources/create-source.ts';
import { deleteSource } from '../../usecases/sources/delete-source.ts';
import { endPreviousSecrets } from '../../usecases/sources/end-previous-secrets.ts';
import { findSource } from '../../usecases/sources/find-source.ts';
import { listPreviousSecrets } from '../../usecases/sources/list-previous-secrets.ts';
import { listSources } from '../../usecases/sources/list-sources.ts';
import { pauseSource, resumeSource } from '../../usecases/sources/pause-source.ts';
import { readSourceHealth } from '../../usecases/sources/read-source-health.ts';
import { replaceSourceSecret } from '../../usecases/sources/replace-source-secret.ts';
import type { Source } from '../../usecases/sources/schemas.ts';
import { updateSource } from '../../usecases/sources/update-source.ts';
import { thing } from '../api/operation.ts';
import { notFoundHere } from '../problem.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';
import { confirmForm, newSourceForm, sourceForm, sourceSecretForm } from './source-forms.ts';
import { chosenHealthOf, rowHealthOf, sourcesSentence, worstFirst } from './source-health.ts';
import { sourceWords } from './source-words.ts';

/** More than anybody sets up by hand; the API pages through all. */
const sourcesMax = 100;
const noQuery = z.strictObject({});
const newQuery = z.strictObject({ kind: z.enum(sourceKinds).optional() });
const item = thing<SourceId>('source');

type SourceCall = ProjectCall & { id: SourceId };

export function sourcePages(deps: PageDeps) {
  return new Elysia({ prefix: '/t/:tenant/p/:project/sources' })
    .use(readingPages(deps))
    .use(changingPages(deps));
}

function readingPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia()
    .get('', ...project.view({ query: noQuery }, (call) => sourcesView(call)))
    .get(
      '/new',
      ...project.view({ query: newQuery }, async (call) => newView(call, call.query.kind)),
    )
    .get('/:id', ...project.view({ item }, async (call) => chosenView(call)))
    .get('/:id/edit', ...project.view({ item }, (call) => editView(call)))
    .get('/:id/secret', ...project.view({ item }, (call) => secretView(call)))
    .get('/:id/secret/end', ...project.view({ item }, endView))
    .get('/:id/delete', ...project.view({ item }, (call) => deleteView(call)));
}

function changingPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia()
    .post(
      '/new',
      ...project.action(
        {
          form: newSourceForm,
          refused: async (call, draft) =>
            newView(
              call,
              sourceKinds.find((kind) => kind === draft.value('kind')),
              draft,
            ),
        },
        async (call) => {
          const { secret, ...made } = await createSource(call.ctx, {
            ...call.form,
            projectId: projectIdOf(call),
          });
          return { view: await sourcesView(call, made, secret) };
        },
      ),
    )
    .post(
      '/:id/edit',
      ...project.action({ item, form: sourceForm, refused: editView }, async (call) => {
        await requireHere(call);
        const { name } = await updateSource(call.ctx, call.id, call.form);
        return { goTo: pathOf(call, call.id), toast: okToast('Source saved', name) };
      }),
    )
    .post(
      '/:id/secret',
      ...project.action({ item, form: sourceSecretForm, refused: secretView }, async (call) => {
        await requireHere(call);
        const { secret: given, overlapSeconds } = call.form;
        const { secret, ...changed } = await replaceSourceSecret(call.ctx, call.id, {
          secret: given,
          overlapSeconds,
        });
        return { view: await sourcesView(call, changed, secret) };
      }),
    )
    .post(
      '/:id/secret/end',
      ...project.action({ item }, async (call) => {
        const { name } = await requireHere(call);
        await endPreviousSecrets(call.ctx, call.id);
        return {
          goTo: pathOf(call, call.id),
          toast: okToast('The current secret is taken alone', name),
        };
      }),
    )
    .post('/:id/pause', ...project.action({ item }, (call) => setPause(call, true)))
    .post('/:id/resume', ...project.action({ item }, (call) => setPause(call, false)))
    .post(
      '/:id/delete',
      ...project.action({ item, form: confirmForm, refused: deleteView }, async (call) => {
        const { name } = await requireHere(call);
        if (call.form.confirm.trim() !== name) throw invalidField('confirm', `must be ${name}`);
        await deleteSource(call.ctx, call.id);
        return { goTo: pathOf(call), toast: okToast('Source deleted', name) };
      }),
    );
}

async function setPause(call: SourceCall, isPaused: boolean) {
  const { name } = await requireHere(call);
  await (isPaused ? pauseSource : resumeSource)(call.ctx, call.id);
  const title = isPaused ? 'Source paused' : 'Source resumed';
  return { goTo: pathOf(call, call.id), toast: okToast(title, name) };
}

const okToast = (title: string, text: string): Toast => ({ tone: 'ok', title, text });

// Safe because the use case found the project by this id.
const projectIdOf = ({ project }: ProjectCall) => project.id as ProjectId;

const pathOf = ({ place }: ProjectCall, ...below: string[]) =>
  projectPath(place, ['/sources', ...below].join('/'));

const mayWrite = ({ tenant }: ProjectCall) => allows(scopesOf(tenant.role), 'sources:write');

/** One of another project is not here, whoever may see it there. */
async function requireHere(call: SourceCall): Promise<Source> {
  const source = await findSource(call.ctx, call.id);
  if (source.projectId !== call.project.id) throw notFoundHere();
  return source;
}

async function chosenView(call: SourceCall): Promise<View> {
  return sourcesView(call, await requireHere(call));
}

/** Without `chosen` the worst is; `secret`: made just now, and shown this once. */
async function sourcesView(call: ProjectCall, chosen?: Source, secret?: string): Promise<View> {
  const projectId = projectIdOf(call);
  const { data } = await listSources(call.ctx, { projectId, limit: sourcesMax });
  const health = await readSourceHealth(call.ctx, {
    projectId,
    // Safe because the use case answered it as a source's.
    choose: (bySource) =>
      ((chosen ?? worstFirst(data, bySource)[0])?.id ?? null) as SourceId | null,
  });
  const sources = worstFirst(data, health.bySource);
  const shown = chosen ?? sources[0];
  // Safe as above.
  const previous = shown && (await listPreviousSecrets(call.ctx, shown.id as SourceId));
  const isWriter = mayWrite(call);
  const kinds = isWriter ? kindLinks(call) : [];
  const body = () =>
    Sources({
      ...{ kinds, nowMs: call.nowMs },
      sentence: sourcesSentence(sources, health.bySource),
      newHref: isWriter ? pathOf(call, 'new') : null,
      rows: sources.map(({ id, name, kind, createdAt, pausedAt }) => ({
        ...{ name, createdAt },
        kind: sourceWords[kind].label,
        href: pathOf(call, id),
        isChosen: id === shown?.id,
        ...rowHealthOf({ pausedAt }, health.bySource.get(id)),
      })),
      more: data.length === sourcesMax,
      chosen:
        shown === undefined
          ? null
          : {
              ...toChosen(call, shown, secret),
              previousEnds: previous ?? [],
              ...chosenHealthOf(health, shown, call.nowMs),
            },
    });
  const list = { name: 'Sources', href: pathOf(call) };
  if (chosen === undefined) return { title: 'Sources', nav: 'sources', crumbs: [], body };
  return { title: chosen.name, nav: 'sources', crumbs: [list], body };
}

function toChosen(
  call: ProjectCall,
  source: Source,
  secret?: string,
): Omit<ChosenSource, 'stats' | 'reasons' | 'state' | 'hours' | 'previousEnds'> {
  const { id, name, kind, url, createdAt, updatedAt, eventType, settings } = source;
  const words = sourceWords[kind];
  const isHmac = kind === 'hmac';
  const href = pathOf(call, id);
  return {
    ...{ name, url, createdAt, updatedAt, href },
    kind: words.label,
    paste: words.paste,
    secretHelp: makesSecret(kind) ? 'It was shown once, when it was set.' : words.secret,
    signature: isHmac ? hmacWords(settings) : words.signature,
    type: eventType?.replace('{type}', words.type) ?? words.type,
    typeExample: eventType?.replace('{type}', words.typeExample) ?? words.typeExample,
    repeat: isHmac ? (settings.idHeader ?? null) : words.repeat,
    sourceId: id,
    actions: mayWrite(call)
      ? {
          edit: `${href}/edit`,
          secret: `${href}/secret`,
          end: `${href}/secret/end`,
          pause: `${href}/pause`,
          resume: `${href}/resume`,
          delete: `${href}/delete`,
        }
      : null,
    newSecret: secret ?? null,
  };
}

function hmacWords(settings: Source['settings']): string {
  const { signatureHeader, algorithm, encoding, prefix } = defaultHmacSettings;
  const header = settings.signatureHeader ?? signatureHeader;
  const name = (settings.algorithm ?? algorithm).toUpperCase();
  const before = settings.prefix ?? prefix;
  return `${header}: ${before}HMAC-${name} of the body, ${settings.encoding ?? encoding}`;
}

const kindLinks = (call: ProjectCall) =>
  kindOrder.map((kind) => ({
    label: sourceWords[kind].label,
    href: `${pathOf(call, 'new')}?kind=${kind}`,
  }));

/** By how often they are wanted. */
const kindOrder: readonly SourceKind[] = [
  ...(['github', 'gitlab', 'stripe', 'slack', 'shopify'] as const),
  ...(['twilio', 'alertmanager', 'standard', 'hmac'] as const),
];

function formFrame(call: ProjectCall, title: string, source?: Source) {
  const crumbs = [{ name: 'Sources', href: pathOf(call) }];
  if (source !== undefined) crumbs.push({ name: source.name, href: pathOf(call, source.id) });
  return { title, nav: 'sources', crumbs } as const;
}

function newView(call: ProjectCall, kind: SourceKind | undefined, draft = emptyDraft): View {
  if (kind === undefined) {
    const kinds = kindLinks(call);
    return { ...formFrame(call, 'New source'), body: () => SourceKinds({ kinds }) };
  }
  const words = sourceWords[kind];
  return {
    ...formFrame(call, `New source, ${words.label}`),
    body: () =>
      SourceForm({
        ...{ draft, words },
        title: `New source, ${words.label}`,
        kind,
        action: pathOf(call, 'new'),
        submit: 'Create source',
        cancelHref: pathOf(call),
        needsSecret: !makesSecret(kind),
        values: null,
      }),
  };
}

const makesSecret = (kind: SourceKind) => sourceRules[kind].makeSecret !== null;

async function editView(call: SourceCall, draft: FormDraft = emptyDraft): Promise<View> {
  const source = await requireHere(call);
  const { name, eventType, settings, kind } = source;
  return {
    ...formFrame(call, 'Edit', source),
    body: () =>
      SourceForm({
        ...{ draft, kind },
        words: sourceWords[kind],
        title: `Edit ${name}`,
        action: pathOf(call, call.id, 'edit'),
        submit: 'Save source',
        cancelHref: pathOf(call, call.id),
        needsSecret: false,
        values: { name, eventType, settings },
      }),
  };
}

async function secretView(call: SourceCall, draft: FormDraft = emptyDraft): Promise<View> {
  const source = await requireHere(call);
  return {
    ...formFrame(call, 'Change secret', source),
    body: () =>
      SourceSecretForm({
        draft,
        name: source.name,
        action: pathOf(call, call.id, 'secret'),
        cancelHref: pathOf(call, call.id),
        help: sourceWords[source.kind].secret,
        optional: makesSecret(source.kind),
      }),
  };
}

async function endView(call: SourceCall): Promise<View> {
  const source = await requireHere(call);
  const previous = await listPreviousSecrets(call.ctx, call.id);
  const form = {
    // One that ended meanwhile is ended by the form as well, which then changes nothing.
    ...endingOf(Math.max(previous.length, 1)),
    action: pathOf(call, call.id, 'secret', 'end'),
    cancelHref: pathOf(call, call.id),
  };
  return {
    ...formFrame(call, 'End the previous secret', source),
    body: () => FormPage({ ...form, variant: 'destructive' }),
  };
}

async function deleteView(call: SourceCall, draft: FormDraft = emptyDraft): Promise<View> {
  const source = await requireHere(call);
  return {
    ...formFrame(call, 'Delete', source),
    body: () =>
      DeleteSource({
        draft,
        name: source.name,
        action: pathOf(call, call.id, 'delete'),
        cancelHref: pathOf(call, call.id),
      }),
  };
}

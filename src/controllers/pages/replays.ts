/** /t/{tenant}/p/{project}/replays: how far, how long still? A new one is counted first. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { FormPage } from '../../../views/components/dialog.tsx';
import type { FormDraft } from '../../../views/components/form.tsx';
import { formatCount, formatDuration } from '../../../views/components/format.ts';
import { projectPath } from '../../../views/navigation.ts';
import { ReplayDialogForm, ReplayForm, type ReplayFormProps } from '../../../views/replay-form.tsx';
import {
  cancelWords,
  ReplayList,
  Replays,
  type ReplaysProps,
  type RunningReplay,
} from '../../../views/replays.tsx';
import type { EndpointId, ProjectId, ReplayId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { listEndpointNames } from '../../usecases/endpoints/list-endpoint-names.ts';
import { listEndpoints } from '../../usecases/endpoints/list-endpoints.ts';
import { cancelReplay } from '../../usecases/replays/cancel-replay.ts';
import { createReplay } from '../../usecases/replays/create-replay.ts';
import { findReplay } from '../../usecases/replays/find-replay.ts';
import { listReplays } from '../../usecases/replays/list-replays.ts';
import { readPaces } from '../../usecases/replays/read-paces.ts';
import { type Replay, replayListQuery } from '../../usecases/replays/schemas.ts';
import { idInput } from '../../usecases/schemas.ts';
import { thing } from '../api/operation.ts';
import { notFoundHere } from '../problem.ts';
import { endpointName } from './endpoint-words.ts';
import { filledDraft } from './form.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';
import {
  countedKey,
  firstDraft,
  type ReplayFormValues,
  replayForm,
  replayPath,
  toReplayInput,
} from './replay-input.ts';
import { toReplayRow, toRunning } from './replay-rows.ts';

const item = thing<ReplayId>('replay');
const listQuery = replayListQuery.pick({ cursor: true });
const newQuery = z.strictObject({ endpoint: idInput<EndpointId>().optional() });
type ListCall = ProjectCall & { query: z.output<typeof listQuery> };
type NewCall = ProjectCall & { query?: z.output<typeof newQuery> };
type ReplayCall = ProjectCall & { id: ReplayId };

const shownMax = 25;
/** The choices of the form; others are replayed from their own pages. */
const choicesMax = 200;

export function replayPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/replays' })
    .get('', ...project.view({ query: listQuery }, listView))
    .get('/new', ...project.view({ query: newQuery }, (call) => newView(call)))
    .post(
      '/new',
      ...project.action({ form: replayForm, refused: (call, draft) => newView(call, draft) }, step),
    )
    .get('/:id/cancel', ...project.view({ item }, cancelView))
    .post(
      '/:id/cancel',
      ...project.action({ item }, async (call) => {
        await findHere(call);
        const { delivered } = await cancelReplay(call.ctx, call.id);
        const text = `${formatCount(delivered)} had been delivered.`;
        const toast = { tone: 'ok', title: 'Replay cancelled', text } as const;
        return { goTo: replayPath(call), toast };
      }),
    );
}

const mayReplay = ({ tenant }: ProjectCall) => allows(scopesOf(tenant.role), 'deliveries:write');

// Safe because the use case found the project by this id.
const projectIdOf = ({ project }: ProjectCall) => project.id as ProjectId;

function frameOf(call: ProjectCall, title: string) {
  const crumbs = [
    { name: 'Deliveries', href: projectPath(call.place, '/deliveries') },
    { name: 'Replays', href: replayPath(call) },
  ];
  return { title, nav: 'deliveries', crumbs } as const;
}

async function listView(call: ListCall): Promise<View> {
  const { ctx, place, nowMs } = call;
  const { cursor } = call.query;
  const page = await listReplays(ctx, {
    ...{ projectId: projectIdOf(call), limit: shownMax, dryRuns: false },
    ...(cursor === undefined ? {} : { cursor }),
  });
  const ids = page.data.flatMap(({ endpointId }) => (endpointId as EndpointId | null) ?? []);
  const names = await listEndpointNames(ctx, [...new Set(ids)]);
  const rowOf = (replay: Replay) => toReplayRow(call, replay, nameOf(replay, names));
  const paces = await readPaces(ctx, page.data);
  const running = page.data
    .filter(({ status }) => status === 'running')
    .map((replay) => toRunning(rowOf(replay), replay, paces.get(replay.id)));
  const path = replayPath(call);
  const { nextCursor } = page;
  const props: ReplaysProps = {
    ...{ running, nowMs },
    sentence: sentenceOf(running),
    path: cursor === undefined ? path : `${path}?cursor=${encodeURIComponent(cursorText(call))}`,
    tabs: [
      { label: 'Deliveries', href: projectPath(place, '/deliveries'), current: false },
      {
        ...{ label: 'Replays', href: path, current: true },
        ...(running.length === 0 ? {} : { count: running.length }),
      },
    ],
    newHref: mayReplay(call) ? replayPath(call, '/new') : null,
    rows: page.data.map(rowOf),
    shown:
      'A replay makes new deliveries with their own attempts. A cancelled one keeps what was sent.',
    olderHref: nextCursor === null ? null : `${path}?cursor=${nextCursor}`,
    newestHref: cursor === undefined ? null : path,
  };
  return {
    title: 'Replays',
    nav: 'deliveries',
    crumbs: [{ name: 'Deliveries', href: projectPath(place, '/deliveries') }],
    live: true,
    body: () => Replays(props),
    parts: { 'replay-list': () => ReplayList(props) },
  };
}

/** As it stands in the address: the query has made an id of it. */
function cursorText({ request }: ProjectCall): string {
  return new URL(request.url).searchParams.get('cursor') ?? '';
}

function nameOf(
  { endpointId }: Replay,
  names: ReadonlyMap<string, { url: string; description: string }>,
): string {
  if (endpointId === null) return 'Every endpoint';
  const known = names.get(endpointId);
  return known === undefined ? 'An endpoint that is gone' : endpointName(known);
}

function sentenceOf(running: readonly RunningReplay[]): string {
  const rest = 'Each match is delivered once more, oldest first.';
  const count = running.length;
  if (count === 0) return `None is running. ${rest}`;
  const [soonest] = running
    .flatMap(({ name, leftMs }) => (leftMs === null ? [] : [{ name, leftMs }]))
    .sort((one, other) => one.leftMs - other.leftMs);
  const end =
    soonest === undefined
      ? ''
      : `: the one for ${soonest.name} is done in ${formatDuration(soonest.leftMs)}`;
  return `${count} ${count === 1 ? 'is' : 'are'} running${end}. ${rest}`;
}

async function step(call: ProjectCall & { form: ReplayFormValues }) {
  const { ctx, form } = call;
  const input = toReplayInput(call, form);
  const of = countedKey(input);
  if (form.step === 'start' && form.counted === of) {
    const { matched } = await createReplay(ctx, input);
    const text = `${formatCount(matched)} ${matched === 1 ? 'delivery' : 'deliveries'}`;
    const toast = { tone: 'ok', title: 'Replay started', text } as const;
    return { goTo: replayPath(call), toast };
  }
  const { matched, status } = await createReplay(ctx, { ...input, dryRun: true });
  const { ratePerSecond, ...texts } = form;
  const typed = filledDraft({ ...texts, ratePerSecond: ratePerSecond?.toString() });
  return { view: await newView(call, typed, { matched, more: status === 'running', of }) };
}

async function newView(
  call: NewCall,
  draft?: FormDraft,
  count: ReplayFormProps['count'] = null,
): Promise<View> {
  const { data } = await listEndpoints(call.ctx, {
    projectId: projectIdOf(call),
    limit: choicesMax,
  });
  const chosen = call.query?.endpoint ?? draft?.value('endpointId') ?? '';
  const endpoint = data.find(({ id }) => id === chosen);
  const choices = data.map((one) => ({ value: one.id, label: endpointName(one) }));
  const name = endpoint === undefined ? null : endpointName(endpoint);
  const props: ReplayFormProps = {
    ...{ count, action: replayPath(call, '/new'), cancelHref: replayPath(call) },
    draft: draft ?? firstDraft(call.nowMs, endpoint?.failingSince ?? null, chosen),
    endpoints: [{ value: '', label: 'Every endpoint' }, ...choices],
    title: name === null ? 'New replay' : `Replay deliveries to ${name}`,
  };
  return {
    ...frameOf(call, 'New replay'),
    body: () => ReplayForm(props),
    parts: {
      'replay-form': () => ReplayForm(props),
      'replay-dialog-form': () => ReplayDialogForm({ ...props, endpoints: null }),
    },
  };
}

/** One of another project has no page in this one. */
async function findHere({ ctx, id, project }: ReplayCall): Promise<Replay> {
  const replay = await findReplay(ctx, id);
  if (replay.projectId !== project.id) throw notFoundHere();
  return replay;
}

async function cancelView(call: ReplayCall): Promise<View> {
  const replay = await findHere(call);
  const ids = replay.endpointId === null ? [] : [replay.endpointId as EndpointId];
  const name = nameOf(replay, await listEndpointNames(call.ctx, ids));
  const { toGo } = toRunning(toReplayRow(call, replay, name), replay, undefined);
  const form = {
    ...cancelWords({ name, toGo }),
    action: replayPath(call, `/${call.id}/cancel`),
    cancelHref: replayPath(call),
  };
  return {
    ...frameOf(call, 'Cancel'),
    body: () => FormPage({ ...form, variant: 'destructive' }),
  };
}

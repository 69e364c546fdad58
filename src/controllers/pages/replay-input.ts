/** The form of a replay and what it stands for: its fields are named as the API's body has them. */
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { anyStatus, type ReplayFormProps } from '../../../views/replay-form.tsx';
import { invalidInput } from '../../domain/field-errors.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { type ReplayInput, replayInput } from '../../usecases/replays/schemas.ts';
import { type EndpointCall, endpointPath } from './endpoint-frame.ts';
import { endpointName } from './endpoint-words.ts';
import { filledDraft, numberText } from './form.ts';
import type { ProjectCall } from './page.ts';

/** What is looked through when nothing says since when. */
const spanMsDefault = 86_400_000;

export const replayForm = z.object({
  step: z.enum(['count', 'start']).default('count'),
  counted: z.string().default(''),
  endpointId: z.string().default(''),
  'filter.since': z.string().default(''),
  'filter.until': z.string().default(''),
  'filter.status': z.string().default(anyStatus),
  'filter.type': z.string().default(''),
  ratePerSecond: numberText,
});
export type ReplayFormValues = z.output<typeof replayForm>;

/** Throws AppError `invalid` with the paths of the fields. */
export function toReplayInput({ project }: ProjectCall, form: ReplayFormValues): ReplayInput {
  const status = form['filter.status'];
  const type = form['filter.type'].trim();
  const { endpointId, ratePerSecond } = form;
  const result = replayInput.safeParse({
    projectId: project.id,
    ...(endpointId === '' ? {} : { endpointId }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    filter: {
      ...(status === anyStatus ? {} : { status }),
      ...(type === '' ? {} : { type }),
      since: utcTime(form['filter.since']),
      until: utcTime(form['filter.until']),
    },
  });
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/** Of a field `datetime-local`, which leaves out seconds that are none. */
function utcTime(text: string): string {
  return /T\d\d:\d\d$/.test(text) ? `${text}:00Z` : `${text}Z`;
}

/** What was counted: with another one it has to be counted again. */
export function countedKey({ endpointId, filter }: ReplayInput): string {
  return JSON.stringify([endpointId, filter]);
}

/** A form that nobody has sent yet. */
export function firstDraft(nowMs: number, since: string | null, endpointId: string): FormDraft {
  return filledDraft({
    endpointId,
    'filter.since': fieldTime(since ?? new Date(nowMs - spanMsDefault).toISOString()),
    'filter.until': fieldTime(new Date(nowMs).toISOString()),
    'filter.status': 'failed',
  });
}

const fieldTime = (at: string) => at.slice(0, 19);

export function replayPath({ place }: ProjectCall, path = ''): string {
  return projectPath(place, `/replays${path}`);
}

/** Of one endpoint, from the time on since when it fails. */
export function replayDialogProps(call: EndpointCall, endpoint: Endpoint): ReplayFormProps {
  return {
    action: replayPath(call, '/new'),
    draft: firstDraft(call.nowMs, endpoint.failingSince, endpoint.id),
    endpoints: null,
    title: `Replay deliveries to ${endpointName(endpoint)}`,
    cancelHref: endpointPath(call),
    count: null,
  };
}

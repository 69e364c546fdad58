/**
 * The form of an endpoint and what it stands for. Fields are named as the API's body has them, so
 * that its errors find them; what a form can only hold as a text is read here.
 */
import { z } from 'zod';
import type { FormDraft } from '../../../views/components/form.tsx';
import { invalidField } from '../../domain/errors.ts';
import { checkPatterns } from '../../domain/event-types.ts';
import { invalidInput } from '../../domain/field-errors.ts';
import { checkFilter } from '../../domain/filter-problems.ts';
import { defaultSchedule } from '../../domain/retry-schedule.ts';
import {
  type Endpoint,
  type EndpointInput,
  endpointInput,
} from '../../usecases/endpoints/schemas.ts';
import type { EventWish } from '../../usecases/events/preview-wish.ts';
import { checked, filledDraft, numberText, severalTexts } from './form.ts';
import type { ProjectCall } from './page.ts';

const text = z.string().default('');

export const endpointForm = z.object({
  url: text,
  description: text,
  eventTypes: text,
  /** Those that were seen lately, ticked. */
  seenTypes: severalTexts,
  filter: text,
  timeoutMs: numberText,
  rateLimit: numberText,
  maxInFlight: numberText,
  ordered: checked,
  headers: text,
  auth: z.string().default('none'),
  'auth.token': text,
  'auth.username': text,
  'auth.password': text,
  'auth.certificate': text,
  'auth.privateKey': text,
  retries: z.enum(['days', 'hour', 'once', 'own']).default('days'),
  retrySchedule: text,
  signing: z.string().default('hmac'),
  sendTest: checked,
  /** Of the endpoint as the form was filled from it. */
  updatedAt: z.string().optional(),
});
export type EndpointFormValues = z.output<typeof endpointForm>;

/** Five attempts within the hour. */
const hourSchedule = [10, 60, 300, 1_200, 2_100];
const presets = { days: defaultSchedule, hour: hourSchedule, once: [] };

/** Throws AppError `invalid` with the paths of the fields. */
export function toEndpointInput({ project }: ProjectCall, form: EndpointFormValues): EndpointInput {
  const { url, description, timeoutMs, rateLimit, maxInFlight, ordered, signing } = form;
  const result = endpointInput.safeParse({
    ...{ projectId: project.id, url: url.trim(), description: description.trim() },
    ...{ ordered, signing },
    eventTypes: wantedTypes(form.eventTypes, form.seenTypes),
    filter: readFilter(form.filter),
    headers: readHeaders(form.headers),
    ...(timeoutMs === undefined ? {} : { timeoutMs: Math.round(timeoutMs * 1_000) }),
    ...(rateLimit === undefined ? {} : { rateLimit: { perSecond: rateLimit } }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    retrySchedule:
      form.retries === 'own' ? readSchedule(form.retrySchedule) : presets[form.retries],
    auth: authOf(form),
  });
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

/** All types that were typed or ticked. */
export function wantedTypes(typed: string, ticked: readonly string[]): string[] {
  return [...new Set([...typed.split(/\s+/).filter(Boolean), ...ticked])];
}

/** All types of a draft. */
export function draftTypes(draft: FormDraft): string[] {
  return wantedTypes(draft.value('eventTypes') ?? '', draft.values('seenTypes'));
}

const wishInput = z.strictObject({
  eventTypes: endpointInput.shape.eventTypes,
  filter: endpointInput.shape.filter,
});

/** What the endpoint is to get, as far as it is typed. Throws AppError `invalid`. */
export function readWish(eventTypes: readonly string[], filter: string): EventWish {
  const result = wishInput.safeParse({ eventTypes, filter: readFilter(filter) });
  if (!result.success) throw invalidInput(result.error);
  checkPatterns(result.data.eventTypes);
  if (result.data.filter !== null) checkFilter(result.data.filter);
  return result.data;
}

/** What a form was read from, to be drawn again without having been saved. */
export function draftOfForm(form: EndpointFormValues): FormDraft {
  const texts = Object.entries(form).map(([name, value]): [string, string] => {
    if (value === true) return [name, 'on'];
    return [name, value === undefined || value === false ? '' : String(value)];
  });
  const draft = filledDraft(Object.fromEntries(texts));
  const values = (name: string) => (name === 'seenTypes' ? form.seenTypes : draft.values(name));
  return { ...draft, values };
}

function readFilter(typed: string): unknown {
  if (typed.trim() === '') return null;
  try {
    return JSON.parse(typed);
  } catch (error) {
    throw invalidField('filter', `is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
}

function readHeaders(typed: string): Record<string, string> {
  const lines = typed.split('\n').filter((line) => line.trim() !== '');
  const entries = lines.map((line): [string, string] => {
    const at = line.indexOf(':');
    if (at < 1) throw invalidField('headers', `has a line without a name and a colon: ${line}`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
  const names = entries.map(([name]) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidField('headers', `has ${twice} twice`);
  return Object.fromEntries(entries);
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** "5s 5min 2h" in seconds; a number alone is seconds. */
function readSchedule(typed: string): number[] {
  return typed
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => {
      const [, figure = '', unit = ''] = /^(\d+)(s|m|min|h|d|)$/.exec(word) ?? [];
      if (figure === '')
        throw invalidField('retrySchedule', `has ${word}, which is no time as 5s, 5min or 2h`);
      return Number(figure) * (unitSeconds[unit || 's'] ?? 1);
    });
}

function authOf(form: EndpointFormValues): unknown {
  const { auth: kind } = form;
  switch (kind) {
    case 'bearer':
      return { kind, token: form['auth.token'] };
    case 'basic':
      return { kind, username: form['auth.username'], password: form['auth.password'] };
    case 'mtls': {
      const { 'auth.certificate': certificate, 'auth.privateKey': privateKey } = form;
      return { kind, certificate, privateKey };
    }
    default:
      return { kind };
  }
}

/** What the form of a new endpoint begins with. */
export function newEndpointDraft(): FormDraft {
  return filledDraft({
    ...{ timeoutMs: '15', maxInFlight: '10', retries: 'days', auth: 'none', signing: 'hmac' },
    sendTest: 'on',
    retrySchedule: scheduleText(defaultSchedule),
  });
}

/** The form of an endpoint as it is; secrets of it stand there masked, and so are kept. */
export function endpointDraft(endpoint: Endpoint): FormDraft {
  const { auth, filter, headers, rateLimit, retrySchedule } = endpoint;
  const { kind, ...credentials } = auth;
  const isPreset = (schedule: readonly number[]) => String(schedule) === String(retrySchedule);
  const retries = isPreset(presets.days)
    ? 'days'
    : isPreset(presets.hour)
      ? 'hour'
      : retrySchedule.length === 0
        ? 'once'
        : 'own';
  return filledDraft({
    url: endpoint.url,
    description: endpoint.description,
    eventTypes: endpoint.eventTypes.join(' '),
    filter: filter === null ? '' : JSON.stringify(filter, null, 2),
    timeoutMs: String(endpoint.timeoutMs / 1_000),
    rateLimit: rateLimit === null ? '' : String(rateLimit.perSecond),
    maxInFlight: String(endpoint.maxInFlight),
    ordered: endpoint.ordered ? 'on' : '',
    headers: Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
    auth: kind,
    ...Object.fromEntries(
      Object.entries(credentials).map(([name, value]) => [`auth.${name}`, String(value)]),
    ),
    retries,
    retrySchedule: scheduleText(retrySchedule),
    signing: endpoint.signing,
    updatedAt: endpoint.updatedAt,
  });
}

function scheduleText(schedule: readonly number[]): string {
  const units = Object.entries({ d: 86_400, h: 3_600, min: 60, s: 1 });
  return schedule
    .map((seconds) => {
      const [unit, size] = units.find(([, one]) => seconds % one === 0) ?? ['s', 1];
      return `${seconds / size}${unit}`;
    })
    .join(' ');
}

/**
 * What was typed, after somebody else saved: beside each field that differs stands what is stored
 * now. It is drawn as of now, so that saving once more keeps what was typed.
 */
export function overtakenDraft(typed: FormDraft, now: Endpoint): FormDraft {
  const stored = endpointDraft(now);
  const plain = (draft: FormDraft, name: string) => {
    if (name === 'eventTypes') return draftTypes(draft).sort().join(' ');
    return (draft.value(name) ?? '').replaceAll('\r\n', '\n').trim();
  };
  const differing = comparedFields.filter((name) => plain(typed, name) !== plain(stored, name));
  const errors = differing.map((name): [string, string] => {
    const value = plain(stored, name);
    return [name, `is ${value === '' ? 'empty' : value} now; saving again puts yours in its place`];
  });
  const notice = 'Somebody changed this endpoint meanwhile. Save again to keep what you typed.';
  return {
    value: (name) => (name === 'updatedAt' ? now.updatedAt : typed.value(name)),
    values: typed.values,
    errors: new Map(errors),
    notices: [notice],
  };
}

/** Those that show what is stored; credentials are masked on both sides. */
const comparedFields = [
  ...['url', 'description', 'eventTypes', 'filter', 'timeoutMs', 'rateLimit', 'maxInFlight'],
  ...['headers', 'auth'],
];

/** Null while what was typed is no schedule. */
export function draftSchedule(draft: FormDraft): readonly number[] | null {
  const retries = draft.value('retries') ?? 'days';
  if (retries === 'days' || retries === 'hour' || retries === 'once') return presets[retries];
  try {
    return readSchedule(draft.value('retrySchedule') ?? '');
  } catch {
    return null; // Its error stands at the field.
  }
}

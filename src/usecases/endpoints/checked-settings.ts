/** What must hold of an endpoint's settings beyond their shape. Throws AppError `invalid`. */
import { checkEndpointHeaders } from '../../domain/endpoint-headers.ts';
import { invalidField } from '../../domain/errors.ts';
import { checkPatterns } from '../../domain/event-types.ts';
import { checkFilter, type EventFilter } from '../../domain/filter-problems.ts';
import { validateSchedule } from '../../domain/retry-schedule.ts';
import type { Deps } from '../context.ts';

type Settings = {
  url?: string | undefined;
  eventTypes?: readonly string[] | undefined;
  filter?: EventFilter | null | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  retrySchedule?: readonly number[] | undefined;
};

/** Looks the URL's name up, so never inside a transaction. */
export async function checkSettings(deps: Deps, settings: Settings): Promise<void> {
  if (settings.eventTypes !== undefined) checkPatterns(settings.eventTypes);
  if (settings.filter) checkFilter(settings.filter);
  if (settings.headers !== undefined) checkEndpointHeaders(settings.headers);
  if (settings.retrySchedule !== undefined) validateSchedule(settings.retrySchedule);
  if (settings.url === undefined) return;
  checkUrlForm(settings.url);
  const refusal = await deps.checkOutboundUrl(settings.url);
  if (refusal !== null) throw invalidField('url', refusal);
}

function checkUrlForm(text: string): void {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalidField('url', 'must be an absolute http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidField('url', 'must not hold a user or password: put them into a header');
  }
}

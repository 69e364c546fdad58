/** An endpoint's settings as names and values that people read. */
import { formatCount, formatDate, formatDuration } from '../../../views/components/format.ts';
import type { SettingFact } from '../../../views/endpoint-settings.tsx';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';

const authWords = {
  none: 'none',
  bearer: 'bearer token',
  basic: 'user and password',
  mtls: 'client certificate',
};

export function endpointFacts(endpoint: Endpoint): SettingFact[] {
  const { eventTypes, filter, ordered, timeoutMs, rateLimit, maxInFlight, headers } = endpoint;
  const headerCount = Object.keys(headers).length;
  return [
    eventTypes.length === 0
      ? { name: 'Events', text: 'every type' }
      : { name: 'Events', tags: eventTypes },
    { name: 'Filter', text: filter === null ? 'none' : JSON.stringify(filter) },
    { name: 'Ordered', text: ordered ? 'by ordering key' : 'no' },
    { name: 'Timeout', text: formatDuration(timeoutMs) },
    {
      name: 'Rate limit',
      text: rateLimit === null ? 'none' : `${formatCount(rateLimit.perSecond)} per second`,
    },
    { name: 'In flight', text: `at most ${formatCount(maxInFlight)}` },
    { name: 'Retries', text: scheduleWords(endpoint.retrySchedule) },
    { name: 'Signature', text: endpoint.signing === 'hmac' ? 'HMAC-SHA256' : 'ed25519' },
    { name: 'Shows itself by', text: authWords[endpoint.auth.kind] },
    { name: 'Own headers', text: headerCount === 0 ? 'none' : String(headerCount) },
    { name: 'Created', text: formatDate(endpoint.createdAt) },
  ];
}

/** "10 attempts over 75 h 35 min". @param schedule seconds between them */
export function scheduleWords(schedule: readonly number[]): string {
  if (schedule.length === 0) return '1 attempt';
  const seconds = schedule.reduce((total, delay) => total + delay, 0);
  return `${schedule.length + 1} attempts over ${formatDuration(seconds * 1_000)}`;
}

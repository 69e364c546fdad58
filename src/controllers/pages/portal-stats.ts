/** What a customer's endpoints took in the last 24 hours, added up, in the figures of its page. */
import {
  formatCount,
  formatDuration,
  formatPercentFigure,
} from '../../../views/components/format.ts';
import type { Stat } from '../../../views/components/stats.tsx';
import {
  type AttemptHour,
  type EndpointHealth,
  hoursCounted,
  listedPendingMax,
} from '../../usecases/endpoints/list-endpoint-health.ts';
import { toneOf } from './endpoints.ts';

/** @param endpoints all that the customer has */
export function portalStats(endpoints: readonly EndpointHealth[]): Stat[] {
  const hours = endpoints.flatMap((endpoint) => endpoint.hours.slice(-hoursCounted));
  const sum = (pick: (hour: AttemptHour) => number) =>
    hours.reduce((total, hour) => total + pick(hour), 0);
  const attempts = sum((hour) => hour.attempts);
  const failed = sum((hour) => hour.attemptsFailed);
  const success = attempts === 0 ? null : 1 - failed / attempts;
  const tone = toneOf(success);
  return [
    {
      label: 'Requests, 24 h',
      value: formatCount(attempts),
      sub: failed === 0 ? 'none failed' : `${formatCount(failed)} failed`,
    },
    {
      label: 'Success',
      value: success === null ? '–' : formatPercentFigure(success),
      unit: success === null ? '' : '%',
      sub: 'of the requests',
      ...(tone === null ? {} : { tone }),
    },
    answerTime(endpoints),
    waiting(endpoints),
  ];
}

/** Percentiles cannot be added up, so that of the slowest stands for all. */
function answerTime(endpoints: readonly EndpointHealth[]): Stat {
  const times = endpoints.flatMap(({ answerP95Ms }) => (answerP95Ms === null ? [] : [answerP95Ms]));
  const slowestMs = times.length === 0 ? null : Math.max(...times);
  const [value = '–', unit = ''] = formatDuration(slowestMs).split(' ');
  const sub = times.length > 1 ? 'of the slowest endpoint' : '';
  return { label: 'Your answer time, p95', value, unit, sub };
}

function waiting(endpoints: readonly EndpointHealth[]): Stat {
  const count = endpoints.reduce((total, { pending }) => total + pending, 0);
  const isMore = endpoints.some(({ pending }) => pending >= listedPendingMax);
  return {
    label: 'Waiting',
    value: formatCount(count) + (isMore ? '+' : ''),
    sub: count === 0 ? 'nothing waits' : 'sent by itself',
  };
}

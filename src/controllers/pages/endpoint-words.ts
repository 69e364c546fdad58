/** What endpoints are called on pages, and why they are in the state that they are in. */
import { formatAge } from '../../../views/components/format.ts';
import type { EndpointState } from '../../domain/endpoint-states.ts';

/** What people call it; else where it is. */
export function endpointName(endpoint: { description: string; url: string }): string {
  return endpoint.description === '' ? shortUrl(endpoint.url) : endpoint.description;
}

/** Without what all URLs begin with. */
export function shortUrl(url: string): string {
  return url.replace(/^https?:\/\//i, '');
}

const reasons: Record<string, string> = {
  paused_by_request: 'by people',
  disabled_by_request: 'by people',
  gone: 'it answered 410',
  failing_for_5_days: 'it failed for 5 days',
  listening: 'while opsforge listen is on',
};

type Stated = {
  state: EndpointState;
  statusReason: string | null;
  pausedUntil: string | null;
  failingSince: string | null;
};

/** Below a state's word: "for 22 min", "until 14:40 UTC", "it answered 410". Empty for none. */
export function stateReason(endpoint: Stated, nowMs: number): string {
  const { state, statusReason, pausedUntil, failingSince } = endpoint;
  switch (state) {
    case 'healthy':
      return '';
    case 'open':
    case 'failing':
      return failingSince === null ? '' : `for ${formatAge(nowMs - Date.parse(failingSince))}`;
    case 'paused':
      if (pausedUntil !== null) return `until ${pausedUntil.slice(11, 16)} UTC`;
      return reasons[statusReason ?? ''] ?? '';
    case 'disabled':
      return reasons[statusReason ?? ''] ?? '';
  }
}

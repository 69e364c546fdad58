/** What the pages of deliveries and events share: cells of their tables. */
import { formatDuration } from './components/format.ts';
import type { StateName } from './components/state.tsx';
import { StatusCode, Until } from './components/text.tsx';

export type DeliveryRow = {
  id: string;
  href: string;
  eventType: string;
  state: StateName;
  endpoint: { name: string; url: string };
  attempts: number;
  /** By the endpoint's schedule of now; null when that is not known any more. */
  attemptsMax: number | null;
  statusCode: number | null;
  /** As `timeout`, when the last attempt had no answer. */
  errorCode: string | null;
  tookMs: number | null;
  nextAttemptAt: string | null;
  createdAt: string;
  completedAt: string | null;
  isReplay: boolean;
  /** It came since the reader looked. */
  isNew: boolean;
};

/** What people call it, else its address without the scheme. */
export function endpointName(endpoint: { url: string; description: string }): string {
  return endpoint.description === ''
    ? endpoint.url.replace(/^https?:\/\//, '')
    : endpoint.description;
}

export function None() {
  return <span class="text-muted-foreground">–</span>;
}

export function Attempts({ row }: { row: Pick<DeliveryRow, 'attempts' | 'attemptsMax'> }) {
  return (
    <>
      {row.attempts}
      {row.attemptsMax === null ? null : (
        <span class="text-muted-foreground"> / {row.attemptsMax}</span>
      )}
    </>
  );
}

export function LastAnswer({ row }: { row: Pick<DeliveryRow, 'statusCode' | 'errorCode'> }) {
  return <StatusCode status={row.statusCode} error={row.errorCode} />;
}

export function Took({ ms }: { ms: number | null }) {
  return ms === null ? <None /> : <span safe>{formatDuration(ms)}</span>;
}

export function NextAttempt({ at, nowMs }: { at: string | null; nowMs: number }) {
  return at === null ? null : <Until at={at} nowMs={nowMs} />;
}

/** What the pages of deliveries and events share: cells of their tables. */
import { formatDuration } from './components/format.ts';
import type { StateName } from './components/state.tsx';
import { StatusCode, Until } from './components/text.tsx';

export type DeliveryRow = {
  id: string;
  href: string;
  eventType: string;
  state: StateName;
  /** `href` null for one that was deleted. */
  endpoint: { name: string; url: string; href: string | null };
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

export function None() {
  return <span class="text-muted-foreground">–</span>;
}

/** Leads to the endpoint's page while there is one. */
export function EndpointName({ endpoint }: Pick<DeliveryRow, 'endpoint'>) {
  const { name, url, href } = endpoint;
  return href === null ? (
    <span class="block max-w-56 truncate text-muted-foreground" title={`${url}, deleted`} safe>
      {name}
    </span>
  ) : (
    <a class="quiet-link block max-w-56 truncate" href={href} title={url} safe>
      {name}
    </a>
  );
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

/** What the pages of deliveries and events share: cells of their tables. */
import { formatDuration } from './components/format.ts';
import type { StateName } from './components/state.tsx';
import type { Column } from './components/table.tsx';
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
    <span
      class="block max-w-40 truncate 2xl:max-w-56 text-muted-foreground"
      title={`${url}, deleted`}
      safe
    >
      {name}
    </span>
  ) : (
    <a class="quiet-link block max-w-40 truncate 2xl:max-w-56" href={href} title={url} safe>
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

/** Of AttemptCells and, with `next`, NextCell. */
export const attemptColumns: readonly Column[] = [
  { name: 'Attempts', number: true },
  { name: 'Answer' },
  { name: 'Took', number: true },
];
export const nextColumn: Column = { name: 'Next attempt' };

/** How it went so far, as every list of deliveries shows it. */
export function AttemptCells({ row }: { row: DeliveryRow }) {
  return (
    <>
      <td class="r" data-label="Attempts">
        <Attempts row={row} />
      </td>
      <td>
        <LastAnswer row={row} />
      </td>
      <td class="r max-sm:hidden!">
        {row.tookMs === null ? <None /> : <span safe>{formatDuration(row.tookMs)}</span>}
      </td>
    </>
  );
}

export function NextCell({ row, nowMs }: { row: DeliveryRow; nowMs: number }) {
  const { nextAttemptAt: at } = row;
  return (
    <td class="text-muted-foreground max-sm:hidden!">
      {at === null ? null : <Until at={at} nowMs={nowMs} />}
    </td>
  );
}

/** The list of deliveries as a file, by the filters of its address. */
import { csvLine } from '../../lib/csv.ts';
import type { Described } from '../../usecases/deliveries/describe-deliveries.ts';
import type {
  DeliveryExport,
  DeliveryExportPage,
} from '../../usecases/deliveries/export-deliveries.ts';
import { streamedFile } from '../api/streamed-file.ts';
import { endpointName } from './endpoint-words.ts';

const text = (value: number | null) => (value === null ? null : String(value));

const columns: Record<string, (row: Described) => string | null> = {
  id: ({ delivery }) => delivery.id,
  status: ({ delivery }) => delivery.status,
  eventType: ({ delivery }) => delivery.eventType,
  endpoint: ({ endpoint }) => endpoint && endpointName(endpoint),
  url: ({ endpoint }) => endpoint?.url ?? null,
  attempts: ({ delivery }) => text(delivery.attempts),
  lastStatusCode: ({ delivery }) => text(delivery.lastStatusCode),
  lastError: ({ delivery }) => delivery.lastError,
  tookMs: ({ tookMs }) => text(tookMs),
  createdAt: ({ delivery }) => delivery.createdAt,
  completedAt: ({ delivery }) => delivery.completedAt,
  nextAttemptAt: ({ delivery }) => delivery.nextAttemptAt,
  reason: ({ delivery }) => delivery.reason,
  eventId: ({ delivery }) => delivery.eventId,
  endpointId: ({ delivery }) => delivery.endpointId,
  replayId: ({ delivery }) => delivery.replayId,
};
const names = Object.keys(columns);

export function deliveryFile(pages: DeliveryExport): Response {
  return streamedFile({
    ...{ name: 'deliveries.csv', type: 'text/csv; charset=utf-8', pages },
    head: csvLine(names),
    write: linesOf,
  });
}

function linesOf({ described, cutAt }: DeliveryExportPage): string {
  const lines = described.map((row) => csvLine(Object.values(columns).map((cell) => cell(row))));
  if (cutAt !== null) lines.push(csvLine([cutWords(cutAt), ...names.slice(1).map(() => null)]));
  return lines.join('');
}

/** The last line of a file that is not complete, where nobody can miss it. */
const cutWords = (until: string) =>
  `There are more. Narrow the filters, or export the rest with Until set to ${until}`;

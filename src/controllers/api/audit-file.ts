/** The audit log as a file, for the API and for the page that links to it. */
import { csvLine } from '../../lib/csv.ts';
import { exportAuditEntries } from '../../usecases/audit/export-audit-entries.ts';
import type { AuditEntry, AuditExportQuery } from '../../usecases/audit/schemas.ts';
import type { Ctx } from '../../usecases/context.ts';
import { streamedFile } from './streamed-file.ts';

/** @throws AppError `conflict` when it would be too much, before anything is sent */
export async function auditFile(ctx: Ctx, query: AuditExportQuery): Promise<Response> {
  const { extension, type, head, write } = formats[query.format];
  const pages = await exportAuditEntries(ctx, query);
  const name = `audit-log.${extension}`;
  return streamedFile({ name, type, head, pages, write: (page) => page.map(write).join('') });
}

type Format = {
  extension: string;
  type: string;
  head: string;
  write(entry: AuditEntry): string;
};

const columns: Record<string, (entry: AuditEntry) => string | null> = {
  at: ({ at }) => at,
  actorKind: ({ actor }) => actor.kind,
  actorId: ({ actor }) => actor.id,
  actorLabel: ({ actor }) => actor.label,
  action: ({ action }) => action,
  targetKind: ({ target }) => target.kind,
  targetId: ({ target }) => target.id,
  targetLabel: ({ target }) => target.label,
  projectId: ({ projectId }) => projectId,
  before: ({ before }) => before && JSON.stringify(before),
  after: ({ after }) => after && JSON.stringify(after),
  requestId: ({ requestId }) => requestId,
  remoteAddress: ({ remoteAddress }) => remoteAddress,
  id: ({ id }) => id,
};

const formats: Record<AuditExportQuery['format'], Format> = {
  csv: {
    extension: 'csv',
    type: 'text/csv; charset=utf-8',
    head: csvLine(Object.keys(columns)),
    write: (entry) => csvLine(Object.values(columns).map((cell) => cell(entry))),
  },
  ndjson: {
    extension: 'ndjson',
    type: 'application/x-ndjson',
    head: '',
    write: (entry) => `${JSON.stringify(entry)}\n`,
  },
};

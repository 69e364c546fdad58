/** /api/v1/audit-log: who changed what. Read only; entries are made by the changes themselves. */
import { Elysia } from 'elysia';
import { csvLine } from '../../lib/csv.ts';
import { exportAuditEntries } from '../../usecases/audit/export-audit-entries.ts';
import { listAuditEntries } from '../../usecases/audit/list-audit-entries.ts';
import {
  type AuditEntry,
  type AuditExportQuery,
  auditExportQuery,
  auditListQuery,
  auditPage,
} from '../../usecases/audit/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations } from './operation.ts';

export function auditLogRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/audit-log', tags: ['Audit log'] })
    .get(
      '',
      ...operation(
        {
          id: 'listAuditEntries',
          summary: 'List the audit log',
          description: 'Entries are kept for 400 days. Nobody can change or delete one before.',
          query: auditListQuery,
          status: 200,
          answer: auditPage,
        },
        ({ ctx, query }) => listAuditEntries(ctx, query),
      ),
    )
    .get(
      '/export',
      ...operation(
        {
          id: 'exportAuditEntries',
          summary: 'Export the audit log',
          description:
            'All entries that the filters find, newest first, as a file: CSV with `before` and `after` as JSON, or one JSON object a line. In CSV, a cell that a spreadsheet would take for a formula begins with an apostrophe.',
          query: auditExportQuery,
          status: 200,
          file: ['text/csv', 'application/x-ndjson'],
          conflict: 'More than 100,000 entries match: give `since` and `until`.',
        },
        async ({ ctx, query }) => {
          const { extension, type, head, write } = formats[query.format];
          const pages = await exportAuditEntries(ctx, query);
          return new Response(streamOf(head, pages, write), {
            headers: {
              'content-type': type,
              'content-disposition': `attachment; filename="audit-log.${extension}"`,
            },
          });
        },
      ),
    );
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

/** A page at a time, when the client has taken the last; a client that leaves ends the reading. */
function streamOf(
  head: string,
  pages: AsyncGenerator<AuditEntry[], void, undefined>,
  write: (entry: AuditEntry) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      if (head !== '') controller.enqueue(encoder.encode(head));
    },
    async pull(controller) {
      const next = await pages.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value.map(write).join('')));
    },
    async cancel() {
      await pages.return();
    },
  });
}

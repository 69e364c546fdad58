/** /api/v1/audit-log: who changed what. Read only; entries are made by the changes themselves. */
import { Elysia } from 'elysia';
import { listAuditEntries } from '../../usecases/audit/list-audit-entries.ts';
import { auditExportQuery, auditListQuery, auditPage } from '../../usecases/audit/schemas.ts';
import type { Identify } from '../authenticate.ts';
import { auditFile } from './audit-file.ts';
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
        ({ ctx, query }) => auditFile(ctx, query),
      ),
    );
}

/** A source as clients see it: without its secrets. */
import type { SourceRow } from '../../repositories/sources.ts';
import type { Deps } from '../context.ts';
import type { Source } from './schemas.ts';

export function toSource(row: SourceRow, deps: Pick<Deps, 'publicUrl'>): Source {
  return {
    id: row.id,
    projectId: row.projectId,
    name: row.name,
    kind: row.kind,
    settings: row.settings,
    eventType: row.eventType,
    url: sourceUrl(row.id, deps),
    pausedAt: row.pausedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function sourceUrl(id: string, { publicUrl }: Pick<Deps, 'publicUrl'>): string {
  return `${publicUrl()}/api/v1/sources/${id}`;
}

/** The command that shows a new key at work, as far as its scopes let it do anything to show. */
import { allows, isScope, type Scope } from '../../domain/scopes.ts';

/** What lists answer without any further word, the most telling first. */
const lists: readonly { scope: Scope; path: string; perProject: boolean }[] = [
  { scope: 'deliveries:read', path: '/deliveries', perProject: true },
  { scope: 'events:read', path: '/events', perProject: true },
  { scope: 'endpoints:read', path: '/endpoints', perProject: true },
  { scope: 'sources:read', path: '/sources', perProject: true },
  { scope: 'projects:read', path: '/projects', perProject: false },
  { scope: 'api-keys:read', path: '/api-keys', perProject: false },
  { scope: 'audit-log:read', path: '/audit-log', perProject: false },
];

/**
 * Null when none of its scopes has a list yet.
 * @param projectId for a key of all projects: the one to name
 */
export function keyCommand(
  publicUrl: string,
  key: { key: string; scopes: readonly string[] },
  projectId: string | null,
): string | null {
  const api = `${publicUrl}/api/v1`;
  const granted = key.scopes.filter(isScope);
  const bearer = `-H 'Authorization: Bearer ${key.key}'`;
  if (allows(granted, 'events:write')) {
    const event = {
      type: 'invoice.paid',
      ...(projectId === null ? {} : { projectId }),
      payload: { number: 'A-1', amount: 4200 },
    };
    return [
      `curl -X POST '${api}/webhooks' \\`,
      `  ${bearer} \\`,
      `  -H 'Content-Type: application/json' \\`,
      `  -d '${JSON.stringify(event)}'`,
    ].join('\n');
  }
  const list = lists.find(({ scope }) => allows(granted, scope));
  if (list === undefined) return null;
  const named = list.perProject && projectId !== null ? `?projectId=${projectId}` : '';
  return [`curl '${api}${list.path}${named}' \\`, `  ${bearer}`].join('\n');
}

import { describe, expect, test } from 'bun:test';
import { allows, isScope, projectScopes, scopes } from '../../src/domain/scopes.ts';

describe('scopes', () => {
  test('are each written once, as thing:read or thing:write, and admin', () => {
    expect(new Set(scopes).size).toBe(scopes.length);
    const odd = scopes.filter((scope) => !/^[a-z]+(-[a-z]+)*:(read|write)$/.test(scope));
    expect(odd).toEqual(['admin']);
  });

  test('allow themselves and nothing else', () => {
    expect(allows(['events:read'], 'events:read')).toBe(true);
    expect(allows(['events:read'], 'events:write')).toBe(false);
    expect(allows(['events:read'], 'endpoints:read')).toBe(false);
    expect(allows([], 'events:read')).toBe(false);
  });

  test('to write include to read the same thing', () => {
    expect(allows(['endpoints:write'], 'endpoints:read')).toBe(true);
    expect(allows(['endpoints:write'], 'events:read')).toBe(false);
    expect(allows(['endpoints:write'], 'deliveries:read')).toBe(false);
  });

  test('of an admin include all, and nothing includes admin', () => {
    expect(scopes.every((scope) => allows(['admin'], scope))).toBe(true);
    expect(allows(projectScopes, 'admin')).toBe(false);
  });

  test('of a project key are all but those of the whole tenant', () => {
    const missing = scopes.filter((scope) => !projectScopes.includes(scope));
    expect(missing).toEqual(['members:write', 'members:read', 'admin']);
    expect(allows(projectScopes, 'members:read')).toBe(false);
  });

  test('from outside are recognised exactly', () => {
    expect(isScope('events:write')).toBe(true);
    expect(isScope('events')).toBe(false);
    expect(isScope('Admin')).toBe(false);
    expect(isScope('toString')).toBe(false);
  });
});

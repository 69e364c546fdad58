import { describe, expect, test } from 'bun:test';
import { type JsonNode, readJsonTree } from '../../src/domain/json-tree.ts';

const limits = { nodesMax: 100, depthMax: 8 };
const write = (node: JsonNode): string => {
  if (node.kind === 'value') return node.text;
  const inner = node.entries.map(({ key, node: child }) =>
    key === null ? write(child) : `${key}:${write(child)}`,
  );
  return node.kind === 'list' ? `[${inner.join(',')}]` : `{${inner.join(',')}}`;
};

describe('JSON as a tree', () => {
  test.each([
    '{}',
    '[]',
    '0',
    '"a"',
    'null',
    '{"a":{"b":[1.0,-2e3,"\\"]}"]},"a":1}',
    '[[],{},[{}]]',
  ])('keeps the texts of %s', (text) => {
    const tree = readJsonTree(text, limits);
    expect(tree && write(tree)).toBe(text);
    const spaced = text.replaceAll(/([{}[\],:])(?=(?:[^"]|"(?:[^"\\]|\\.)*")*$)/g, ' $1\n');
    const same = readJsonTree(spaced, limits);
    expect(same && write(same)).toBe(text);
  });

  test('is none of what is larger or deeper than the limits, or no JSON', () => {
    expect(readJsonTree(`[${'1,'.repeat(100)}1]`, limits)).toBeNull();
    expect(readJsonTree('['.repeat(20) + ']'.repeat(20), limits)).toBeNull();
    expect(readJsonTree('', limits)).toBeNull();
    expect(readJsonTree('{"a" 1}', limits)).toBeNull();
    expect(readJsonTree('[1', limits)).toBeNull();
  });
});

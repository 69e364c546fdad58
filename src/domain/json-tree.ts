/**
 * JSON as a tree whose keys and values are the texts that stand in it: nothing is parsed to a
 * number or a string, so 1.0 stays 1.0 and an escape stays an escape.
 */
export type JsonNode =
  | { kind: 'value'; text: string }
  | { kind: 'list' | 'object'; entries: { key: string | null; node: JsonNode }[] };

type Limits = { nodesMax: number; depthMax: number };

const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

/** Of a text that is JSON; null when it is larger or deeper than the limits, or no JSON. */
export function readJsonTree(text: string, { nodesMax, depthMax }: Limits): JsonNode | null {
  token.lastIndex = 0;
  let nodesLeft = nodesMax;
  const next = () => token.exec(text)?.[1] ?? '';

  function readNode(first: string, depth: number): JsonNode | null {
    nodesLeft -= 1;
    if (nodesLeft < 0 || depth > depthMax || first === '') return null;
    if (first !== '{' && first !== '[') return { kind: 'value', text: first };
    const isObject = first === '{';
    const entries: { key: string | null; node: JsonNode }[] = [];
    for (let word = next(); word !== '}' && word !== ']'; word = next()) {
      if (word === ',') continue;
      const key = isObject ? word : null;
      if (isObject && next() !== ':') return null;
      const node = readNode(isObject ? next() : word, depth + 1);
      if (node === null) return null;
      entries.push({ key, node });
    }
    return { kind: isObject ? 'object' : 'list', entries };
  }

  return readNode(next(), 0);
}

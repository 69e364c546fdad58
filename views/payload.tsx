/** An event's payload: by lines as it was posted, as a tree that opens and closes, or raw. */
import { CodeBox, CodeText, JsonLines } from './components/code.tsx';
import { type SegmentItem, Segments } from './components/filters.tsx';
import { formatBytes } from './components/format.ts';
import { Panel } from './components/panel.tsx';

/** As domain/json-tree.ts has it. */
type TreeNode =
  | { kind: 'value'; text: string }
  | { kind: 'list' | 'object'; entries: { key: string | null; node: TreeNode }[] };

export type PayloadProps = {
  text: string;
  bytes: number;
  sha256: string;
  view: 'lines' | 'tree' | 'raw';
  /** Null when it is too large to be one. */
  tree: TreeNode | null;
  views: readonly SegmentItem[];
};

export function Payload({ text, bytes, sha256, view, tree, views }: PayloadProps) {
  return (
    <Panel
      title="Payload"
      sub={`${formatBytes(bytes)}, byte for byte as it was posted`}
      actions={<Segments label="Payload as" items={views} />}
      id="payload"
    >
      <CodeBox
        title="application/json"
        copies={text}
        wrap={view === 'raw'}
        actions={
          <span class="font-mono" title={`SHA-256 ${sha256}`} safe>
            {`sha-256 ${sha256.slice(0, 4)}…${sha256.slice(-4)}`}
          </span>
        }
      >
        {view === 'raw' ? (
          <CodeText text={text} />
        ) : view === 'tree' && tree !== null ? (
          <div class="json-tree">
            <Node keyText={null} node={tree} depth={0} />
          </div>
        ) : (
          <JsonLines text={text} />
        )}
      </CodeBox>
    </Panel>
  );
}

/** What is open when the page comes. */
const openDepth = 3;

function Node(props: { keyText: string | null; node: TreeNode; depth: number }): JSX.Element {
  const { keyText, node, depth } = props;
  if (node.kind === 'value') {
    return (
      <div>
        <Key text={keyText} />
        <span class={classOf(node.text)} safe>
          {node.text}
        </span>
      </div>
    );
  }
  const [open, close] = node.kind === 'list' ? ['[', ']'] : ['{', '}'];
  if (node.entries.length === 0) {
    return (
      <div>
        <Key text={keyText} />
        <span safe>{open + close}</span>
      </div>
    );
  }
  return (
    <details open={depth < openDepth}>
      <summary class="leading-6">
        <Key text={keyText} />
        <span safe>{`${open} ${node.entries.length} ${close}`}</span>
      </summary>
      {node.entries.map((entry) => (
        <Node keyText={entry.key} node={entry.node} depth={depth + 1} />
      ))}
    </details>
  );
}

function Key({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <>
      <span class="jk" safe>
        {text}
      </span>
      {': '}
    </>
  );
}

function classOf(text: string): string {
  if (text.startsWith('"')) return 'js';
  return /^[tfn]/.test(text) ? 'jl' : 'jn';
}

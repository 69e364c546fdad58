/** Code, JSON and differences, as they are: escaped, with what is copied being the raw text. */
import { type Children, escapeHtml } from '@kitajs/html';
import { CopyButton } from './button.tsx';

/** `copies`: what the button copies; without it there is none. It scrolls, so it takes focus. */
export function CodeBox(props: {
  title: string;
  copies?: string;
  actions?: Children;
  wrap?: boolean;
  children: Children;
}) {
  const { title, copies, actions, wrap = false, children } = props;
  return (
    <div class="codebox">
      <header>
        <span safe>{title}</span>
        <span class="flex items-center gap-1">
          {actions}
          {copies === undefined ? null : <CopyButton text={copies} what={title.toLowerCase()} />}
        </span>
      </header>
      <pre tabindex={0} class={wrap ? 'wrap' : undefined}>
        {children}
      </pre>
    </div>
  );
}

/** Text that nobody understands better: a body that is not JSON, a command's output. */
export function CodeText({ text }: { text: string }) {
  return <code safe>{text}</code>;
}

const jsonToken =
  /"(?:[^"\\]|\\.)*"(?=(\s*:)?)|-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b|\b(?:true|false|null)\b/g;
/** Longer ones are shown without colours: a span for each token would be ten times the text. */
const colouredCharactersMax = 128 * 1_024;

/** JSON by lines with numbers. Only coloured, never parsed: what came is what is shown. */
export function JsonLines({ text }: { text: string }) {
  const safeLines = text
    .split('\n')
    .map((line, index) => `<span class="ln">${index + 1}</span>${colour(line, text.length)}`)
    .join('\n');
  return <>{safeLines}</>;
}

function colour(line: string, textLength: number): string {
  if (textLength > colouredCharactersMax) return escapeHtml(line);
  let safeLine = '';
  let at = 0;
  for (const match of line.matchAll(jsonToken)) {
    const [token, colon] = match;
    const kind = token.startsWith('"')
      ? colon === undefined
        ? 'js'
        : 'jk'
      : /^[tfn]/.test(token)
        ? 'jl'
        : 'jn';
    safeLine += `${escapeHtml(line.slice(at, match.index))}<span class="${kind}">${escapeHtml(token)}</span>`;
    at = match.index + token.length;
  }
  return safeLine + escapeHtml(line.slice(at));
}

/** A command: its name and its quoted arguments coloured. */
export function ShellLines({ text }: { text: string }) {
  const safeText = text
    .split(/('[^']*')/)
    .map((part, index) => {
      if (index % 2 === 1) return `<span class="js">${escapeHtml(part)}</span>`;
      const [, command = '', rest = ''] = /^(\w*)([\s\S]*)$/.exec(part) ?? [];
      const isFirst = index === 0 && command !== '';
      return isFirst
        ? `<span class="jk">${escapeHtml(command)}</span>${escapeHtml(rest)}`
        : escapeHtml(part);
    })
    .join('');
  return <>{safeText}</>;
}

export type DiffLine = { kind: 'del' | 'ins' | 'same'; text: string };

const signs = { del: '− ', ins: '+ ', same: '  ' };

/** Signs, not colour alone. It scrolls, so it takes focus. */
export function Diff({ lines }: { lines: readonly DiffLine[] }) {
  return (
    <pre class="diff px-0!" tabindex={0}>
      {lines.map(({ kind, text }) => (
        <span class={kind} safe>
          {signs[kind] + text}
        </span>
      ))}
    </pre>
  );
}

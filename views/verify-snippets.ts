/**
 * Code for receivers that verifies a signature with what their language brings; only Python has no
 * ed25519 of its own. tests/views/verify-snippets.test.ts runs it.
 */
import ed25519Go from './snippets/ed25519-go.txt' with { type: 'text' };
import ed25519Node from './snippets/ed25519-node.txt' with { type: 'text' };
import ed25519Php from './snippets/ed25519-php.txt' with { type: 'text' };
import ed25519Python from './snippets/ed25519-python.txt' with { type: 'text' };
import hmacGo from './snippets/hmac-go.txt' with { type: 'text' };
import hmacNode from './snippets/hmac-node.txt' with { type: 'text' };
import hmacPhp from './snippets/hmac-php.txt' with { type: 'text' };
import hmacPython from './snippets/hmac-python.txt' with { type: 'text' };
import receiveGo from './snippets/receive-go.txt' with { type: 'text' };
import receiveNode from './snippets/receive-node.txt' with { type: 'text' };
import receivePhp from './snippets/receive-php.txt' with { type: 'text' };
import receivePython from './snippets/receive-python.txt' with { type: 'text' };

export type SigningKind = 'hmac' | 'ed25519';

type Snippet = { language: string; file: string; code: string };

const snippets = (node: string, python: string, go: string, php: string): Snippet[] => [
  { language: 'Node', file: 'verify.mjs', code: node },
  { language: 'Python', file: 'verify.py', code: python },
  { language: 'Go', file: 'verify.go', code: go },
  { language: 'PHP', file: 'verify.php', code: php },
];

export const verifySnippets: Record<SigningKind, Snippet[]> = {
  hmac: snippets(hmacNode, hmacPython, hmacGo, hmacPhp),
  ed25519: snippets(ed25519Node, ed25519Python, ed25519Go, ed25519Php),
};

const receivers: Record<string, { file: string; code: string }> = {
  Node: { file: 'receive.mjs', code: receiveNode },
  Python: { file: 'receive.py', code: receivePython },
  Go: { file: 'receive.go', code: receiveGo },
  PHP: { file: 'receive.php', code: receivePhp },
};

const secretNames: Record<SigningKind, string> = {
  hmac: 'WEBHOOK_SECRET',
  ed25519: 'WEBHOOK_PUBLIC_KEY',
};

/**
 * The receiver around the check, at the path of the endpoint's URL. A path that URL has parsed has
 * no quote, backslash or line end in it, so it stays within its string or comment.
 */
export function receiverSnippet(language: string, kind: SigningKind, url: string | null) {
  const { file = '', code = '' } = receivers[language] ?? {};
  const parsed = url === null ? null : URL.parse(url);
  const path = parsed?.protocol.startsWith('http') ? parsed.pathname : '/webhooks';
  const text = code.replace('{{path}}', () => path).replace('{{secret}}', secretNames[kind]);
  return { file, code: text };
}

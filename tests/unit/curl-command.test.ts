import { describe, expect, test } from 'bun:test';
import { curlCommand, inlineBytesMax } from '../../src/domain/curl-command.ts';

/** What a shell hands to curl: the command with a curl that prints its arguments. */
async function argumentsOf(command: string): Promise<string[]> {
  const script = `curl() { for one; do printf '%s\\0' "$one"; done; }\n${command}`;
  const shell = Bun.spawn(['sh', '-c', script], { stdout: 'pipe', stderr: 'pipe' });
  const [text, complaint] = await Promise.all([
    new Response(shell.stdout).text(),
    new Response(shell.stderr).text(),
  ]);
  expect(complaint).toBe('');
  expect(await shell.exited).toBe(0);
  return text.split('\0').slice(0, -1);
}

const begin = ['-i', '-g', '--path-as-is', '-X', 'POST'];

describe('a curl command', () => {
  test('is read by a shell as the request that it stands for', async () => {
    const command = curlCommand({
      url: 'https://example.com/a?b=1&c=$HOME#d',
      headers: { 'content-type': 'application/json', 'x-empty': '' },
      body: '{"a":1}',
    });
    expect(await argumentsOf(command)).toEqual([
      ...begin,
      'https://example.com/a?b=1&c=$HOME#d',
      ...['-H', 'content-type: application/json'],
      ...['-H', 'x-empty;'],
      ...['--data-binary', '{"a":1}'],
    ]);
  });

  test.each([
    `it's`,
    `'; touch /tmp/never; '`,
    '$(exit 3) `exit 4` "$PATH" \\ \\n ! # ~ * ?',
    "''''",
    'first\nsecond\\\nthird\n',
    'Grønland 🚚 \u2028',
    '@/etc/passwd',
  ])('hands %j to curl as it is', async (text) => {
    const body = JSON.stringify({ text, raw: 'x' });
    const command = curlCommand({ url: `https://h/${text}`, headers: { 'x-a': text }, body });
    const given = await argumentsOf(command);
    expect(given.slice(begin.length)).toEqual([
      ...[`https://h/${text}`, '-H', `x-a: ${text}`],
      ...['--data-binary', body],
    ]);
  });

  test('reads a body from a file that is too long for an argument', async () => {
    const body = JSON.stringify('x'.repeat(inlineBytesMax));
    const command = curlCommand({ url: 'https://h/', headers: {}, body });
    expect((await argumentsOf(command)).at(-1)).toBe('@payload.json');
  });
});

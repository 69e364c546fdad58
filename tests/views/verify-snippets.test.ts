/**
 * The code that pages give to receivers, run as a receiver would run it: it takes what opsforge
 * signs and nothing else. Languages that this machine lacks are skipped.
 */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signContent } from '../../src/domain/signature.ts';
import { makeSigningSecret, openSigningKey } from '../../src/domain/signing-secrets.ts';
import { receiverSnippet, type SigningKind, verifySnippets } from '../../views/verify-snippets.ts';

const body = '{"number":"A-1","note":"ü"}';
const id = '019ab0ea-31c7-7b20-8c4d-5e08b1f20a77';
const nowSeconds = Math.floor(Date.now() / 1_000);

type Message = { headers: Record<string, string>; body: string };

/** Of each, whether it is genuine. */
function messagesOf(kind: SigningKind) {
  const signing = makeSigningSecret(kind);
  const other = makeSigningSecret(kind);
  const signed = (timestampSeconds: number, secrets = [signing]): Message => ({
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(timestampSeconds),
      'webhook-signature': signContent({
        ...{ id, timestampSeconds, body },
        keys: secrets.map(({ secret }) => openSigningKey(kind, secret)),
      }),
    },
  });
  const good = signed(nowSeconds);
  const changed = (name: string, value: string): Message => ({
    ...good,
    headers: { ...good.headers, [name]: value },
  });
  const cases: { message: Message; isGenuine: boolean }[] = [
    { message: good, isGenuine: true },
    { message: signed(nowSeconds, [other, signing]), isGenuine: true },
    { message: { ...good, body: `${body} ` }, isGenuine: false },
    { message: signed(nowSeconds, [other]), isGenuine: false },
    { message: signed(nowSeconds - 400), isGenuine: false },
    { message: signed(nowSeconds + 400), isGenuine: false },
    { message: changed('webhook-id', 'another'), isGenuine: false },
    { message: changed('webhook-timestamp', 'soon'), isGenuine: false },
    { message: changed('webhook-signature', 'v1, v1a,, x'), isGenuine: false },
  ];
  return { shown: signing.shown, cases };
}

const goMain = (messages: string) => `
import ("encoding/json"; "fmt"; "net/http")
type message struct { Headers map[string]string; Body string }
func main() {
  var messages []message
  json.Unmarshal([]byte(${JSON.stringify(messages)}), &messages)
  answers := []bool{}
  for _, one := range messages {
    headers := http.Header{}
    for name, value := range one.Headers { headers.Set(name, value) }
    answers = append(answers, IsSigned("SECRET", headers, []byte(one.Body)))
  }
  text, _ := json.Marshal(answers)
  fmt.Println(string(text))
}`;

/** How a snippet is made a program that prints a list of booleans. */
const programs = {
  Node: {
    command: ['node', 'main.mjs'],
    probe: ['node', '--version'],
    files: (code: string, messages: string) => ({
      'main.mjs': `${code}\nconsole.log(JSON.stringify(${messages}.map((one) => isSigned(one.headers, Buffer.from(one.body)))));`,
    }),
  },
  Python: {
    command: ['python3', 'main.py'],
    probe: ['python3', '-c', 'import cryptography'],
    files: (code: string, messages: string) => ({
      'main.py': `${code}\nimport json\nprint(json.dumps([is_signed(one["headers"], one["body"].encode()) for one in json.loads(${JSON.stringify(messages)})]))`,
    }),
  },
  Go: {
    command: ['go', 'run', 'verify.go', 'main.go'],
    probe: ['go', 'version'],
    files: (code: string, messages: string, secret: string) => ({
      'verify.go': code.replace('package webhook', 'package main'),
      'main.go': `package main\n${goMain(messages).replace('SECRET', secret)}`,
    }),
  },
  PHP: {
    command: ['php', 'main.php'],
    probe: ['php', '-r', 'exit(function_exists("sodium_crypto_sign") ? 0 : 1);'],
    files: (code: string, messages: string, secret: string) => ({
      'main.php': `${code}\n$answers = [];\nforeach (json_decode(<<<'JSON'\n${messages}\nJSON, true) as $one) { $answers[] = is_signed('${secret}', $one['headers'], $one['body']); }\necho json_encode($answers);`,
    }),
  },
} as const;

const languages = Object.keys(programs) as (keyof typeof programs)[];

function isThere([name = '', ...rest]: readonly string[]): boolean {
  return Bun.which(name) !== null && Bun.spawnSync([name, ...rest]).exitCode === 0;
}

describe.each<SigningKind>(['hmac', 'ed25519'])('a receiver of %s', (kind) => {
  for (const language of languages) {
    const program = programs[language];
    test.skipIf(!isThere(program.probe))(
      `in ${language} takes what is genuine and nothing else`,
      async () => {
        const { shown, cases } = messagesOf(kind);
        const snippet = verifySnippets[kind].find((one) => one.language === language);
        const messages = JSON.stringify(cases.map(({ message }) => message));
        const folder = await mkdtemp(join(tmpdir(), 'opsforge-snippet-'));
        try {
          const files = program.files(snippet?.code ?? '', messages, shown);
          for (const [name, text] of Object.entries(files))
            await Bun.write(join(folder, name), text);
          const run = Bun.spawnSync([...program.command], {
            cwd: folder,
            env: {
              ...process.env,
              WEBHOOK_SECRET: shown,
              WEBHOOK_PUBLIC_KEY: shown,
              GOFLAGS: '-mod=mod',
            },
          });
          expect(run.stderr.toString()).toBe('');
          expect(JSON.parse(run.stdout.toString())).toEqual(
            cases.map(({ isGenuine }) => isGenuine),
          );
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      60_000,
    );
  }
});

/** How long a receiver may take to listen; Node takes some 100 ms. */
const startMsMax = 20_000;

async function answerOnceUp(port: number, path: string, message: Message): Promise<number> {
  const deadline = performance.now() + startMsMax;
  for (;;) {
    try {
      const init = { method: 'POST', headers: message.headers, body: message.body };
      return (await fetch(`http://127.0.0.1:${port}${path}`, init)).status;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(20);
    }
  }
}

function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  server.stop(true);
  return port ?? 0;
}

describe.each([
  ['Node', ['node'], ['node', '--version']],
  ['Python', ['python3'], ['python3', '-c', 'import cryptography']],
])('the receiver in %s', (language, command, probe) => {
  test.skipIf(!isThere(probe))(
    'answers at the path of the URL, by the signature',
    async () => {
      const { shown, cases } = messagesOf('hmac');
      const verify = verifySnippets.hmac.find((one) => one.language === language);
      const receiver = receiverSnippet(language, 'hmac', 'https://a.example/hooks/in?x=1');
      const folder = await mkdtemp(join(tmpdir(), 'opsforge-receiver-'));
      const port = freePort();
      await Bun.write(join(folder, verify?.file ?? ''), verify?.code ?? '');
      await Bun.write(join(folder, receiver.file), receiver.code);
      const child = Bun.spawn([...command, receiver.file], {
        ...{ cwd: folder, stdout: 'ignore', stderr: 'ignore' },
        env: { ...process.env, WEBHOOK_SECRET: shown, PORT: String(port) },
      });
      try {
        for (const { message, isGenuine } of cases) {
          const status = await answerOnceUp(port, '/hooks/in?x=1', message);
          expect(status).toBe(isGenuine ? 204 : 401);
        }
        const [first] = cases;
        if (first === undefined) throw new Error('there is no message to send');
        expect(await answerOnceUp(port, '/elsewhere', first.message)).toBe(404);
      } finally {
        child.kill();
        await child.exited;
        await rm(folder, { recursive: true });
      }
    },
    60_000,
  );
});

test('a receiver is shown at a path of its own while the URL is none', () => {
  for (const url of [null, '', 'nowhere', 'foo:"; rm']) {
    expect(receiverSnippet('Go', 'ed25519', url).code).toContain(
      'HandleFunc("/webhooks", receive)',
    );
  }
  const { code } = receiverSnippet('Go', 'ed25519', 'https://a.example/in');
  expect(code).toContain('HandleFunc("/in", receive)');
  expect(code).toContain('os.Getenv("WEBHOOK_PUBLIC_KEY")');
});

/**
 * The bench's own processes: load, receiver and probe, each alone on its event loop. The parent
 * calls their commands by name over IPC; a process ends when told to, or with its parent.
 */
import { join } from 'node:path';

export type Commands = Record<string, (argument: never) => Promise<unknown>>;

export type Child<Of extends Commands> = {
  pid: number;
  call<Name extends keyof Of & string>(
    name: Name,
    argument: Parameters<Of[Name]>[0],
  ): Promise<Awaited<ReturnType<Of[Name]>>>;
  stop(): Promise<void>;
};

/** How main.ts knows that it is one of these. */
export const childFlag = '--as';

/** Far above the longest call of a scenario. */
const callTimeoutMs = 180_000;
const stopTimeoutMs = 5_000;
/** Bun's bound on outgoing requests, as src/main.ts sets it for the service. */
const requestsMax = '2048';

type Call = { id: number; name: string; argument: unknown };
type Answer = { id: number; result?: unknown; error?: string };
type Waiting = { resolve(result: unknown): void; reject(error: unknown): void };

export async function startChild<Of extends Commands>(name: string): Promise<Child<Of>> {
  const waiting = new Map<number, Waiting>();
  const ready = Promise.withResolvers<void>();
  let calls = 0;
  const failAll = (error: Error) => {
    ready.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'main.ts'), childFlag, name], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: requestsMax },
    serialization: 'advanced',
    ipc(message: Answer | 'ready') {
      if (message === 'ready') {
        ready.resolve();
        return;
      }
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error !== undefined) call?.reject(new Error(`${name}: ${message.error}`));
      else call?.resolve(message.result);
    },
    onExit(_, code, signal) {
      failAll(new Error(`the process ${name} ended by itself (${signal ?? code})`));
    },
  });
  await ready.promise;
  return {
    pid: child.pid,
    async call(command, argument) {
      const id = ++calls;
      const answered = new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      });
      const late = setTimeout(() => {
        waiting.get(id)?.reject(new Error(`${name}.${command} took over ${callTimeoutMs} ms`));
        waiting.delete(id);
      }, callTimeoutMs);
      child.send({ id, name: command, argument } satisfies Call);
      // Safe because the child answers with what its command of this name returned.
      return (await answered.finally(() => clearTimeout(late))) as never;
    },
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await child.exited;
      clearTimeout(late);
    },
  };
}

/** The child's side: answers calls until the parent goes. */
export function answerCalls(commands: Commands): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  // Ctrl-C reaches the whole group: the parent stops us when it has stopped the service.
  process.on('SIGINT', () => {});
  process.on('message', async ({ id, name, argument }: Call) => {
    let answer: Answer;
    try {
      const command = commands[name];
      if (command === undefined) throw new Error(`no command ${name}`);
      // Safe because the parent's `call` takes the argument from the command's own type.
      answer = { id, result: await command(argument as never) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : `${error}` };
    }
    process.send?.(answer);
  });
  process.send?.('ready');
}

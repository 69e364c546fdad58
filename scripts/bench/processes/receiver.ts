/**
 * A receiver of webhooks that answers 200 at once: `/count` counts, `/stamp` notes when each event
 * came, `/hang` never answers. `/trivial` answers 202 after JSON.parse: the ceiling of the load.
 */
import { machineMs } from '../clock.ts';

export type ReceiverCommands = ReturnType<typeof receiverCommands>;

type Numbered = { number: number };

export function receiverCommands() {
  let count = 0;
  let lastMs = 0;
  const receipts = new Map<number, number>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    // Who hangs does so until the sender has had enough.
    idleTimeout: 0,
    routes: {
      '/count': {
        async POST(request) {
          await request.arrayBuffer();
          count += 1;
          lastMs = machineMs();
          return new Response();
        },
      },
      '/stamp': {
        async POST(request) {
          const atMs = machineMs();
          // Safe because only the bench posts here; the first receipt counts.
          const { number } = (await request.json()) as Numbered;
          if (!receipts.has(number)) receipts.set(number, atMs);
          return new Response();
        },
      },
      '/hang': { POST: () => new Promise<Response>(() => {}) },
      '/trivial': {
        async POST(request) {
          JSON.parse(await request.text());
          return Response.json({ duplicate: false }, { status: 202 });
        },
      },
    },
    fetch: () => new Response(null, { status: 404 }),
  });

  return {
    port: async () => server.port ?? 0,
    count: async () => count,
    /** machineMs of the last that was counted. */
    lastCountedMs: async () => lastMs,
    /** How many events were noted. */
    stamped: async () => receipts.size,
    /** machineMs of each event's first receipt, by the number in its payload. */
    receipts: async () => receipts,
    async forgetReceipts(): Promise<void> {
      receipts.clear();
    },
  };
}

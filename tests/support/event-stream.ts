/** A client of Server-Sent Events that keeps what it got, and waits for what is to come. */
export type StreamMessage = {
  /** Empty where a stream starts anew, as those of pages do. */
  id: string;
  kinds: string[];
  events: { data: { id: string; type: string }[]; more: number } | undefined;
  deliveries: { data: { id: string; status: string }[]; more: number } | undefined;
};

export type EventStream = {
  status: number;
  messages: StreamMessage[];
  /** Resolves with the first message that matches, also one that was there before. */
  message(matches: (message: StreamMessage) => boolean): Promise<StreamMessage>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
  close(): void;
};

const waitMsMax = 10_000;

export async function openStream(
  url: URL,
  key: string,
  options: { query?: string; lastEventId?: string } = {},
): Promise<EventStream> {
  const headers = new Headers({ authorization: `Bearer ${key}` });
  if (options.lastEventId !== undefined) headers.set('last-event-id', options.lastEventId);
  return listenTo(new URL(`/api/v1/events/stream${options.query ?? ''}`, url), headers);
}

/** As an open page has it, of whoever's session is in `cookie`. */
export function openPageStream(url: URL, cookie: string): Promise<EventStream> {
  return listenTo(url, new Headers({ cookie }));
}

async function listenTo(url: URL, headers: Headers): Promise<EventStream> {
  const aborter = new AbortController();
  const response = await fetch(url, { headers, signal: aborter.signal, redirect: 'manual' });
  const messages: StreamMessage[] = [];
  const watchers = new Set<() => void>();
  const ended = read(response, (message) => {
    messages.push(message);
    for (const watch of watchers) watch();
  });
  return {
    status: response.status,
    messages,
    ended,
    message: (matches) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          watchers.delete(look);
          reject(new Error(`no such message after ${waitMsMax} ms: ${JSON.stringify(messages)}`));
        }, waitMsMax);
        const look = () => {
          const found = messages.find(matches);
          if (found === undefined) return;
          clearTimeout(late);
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    close: () => aborter.abort(),
  };
}

async function read(response: Response, got: (message: StreamMessage) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const bytes of response.body ?? []) {
      rest += decoder.decode(bytes, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        const id = /^id: (.*)$/m.exec(block)?.[1] ?? '';
        if (data !== undefined) got({ ...JSON.parse(data), id });
      }
    }
  } catch (error) {
    // The test itself went away.
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }
}

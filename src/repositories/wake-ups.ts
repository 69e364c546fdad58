/**
 * News between the processes of an installation, by LISTEN and NOTIFY on one connection of its own:
 * which shards have new work, what changed, what is new for pages. News can be lost while it is
 * away: after each connect `onListening` tells to forget what was cached; who waits for work polls
 * as well. Notifications reach their own sender too.
 */
import { type Change, changeKinds } from '../domain/changes.ts';
import { type Connection, connect } from './connection.ts';

export type WakeUps = {
  /** Resolves when it listens, or when the first try has failed and others follow. */
  start(): Promise<void>;
  stop(): Promise<void>;
  isListening(): boolean;
  onShards(listener: (shards: number[]) => void): void;
  onChange(listener: (change: Change) => void): void;
  onListening(listener: () => void): void;
  /** What is new for pages and streams (domain/news.ts). */
  onNews(listener: (text: string) => void): void;
  /** Coalesced: one NOTIFY at a time carries all that came meanwhile. */
  notifyShards(shards: readonly number[]): void;
  /** Resolves when it was sent; while the database is away, when it is back. */
  notifyChange(change: Change): Promise<void>;
  /** Let go while the connection is away: whoever listens again looks for itself. */
  notifyNews(texts: readonly string[]): void;
};

type WakeUpOptions = {
  url: string;
  /** Reports each loss and each failed try; the first of an outage has `failures` 1. */
  onTrouble?: (error: unknown, failures: number) => void;
};

const shardsChannel = 'opsforge_shards';
const changesChannel = 'opsforge_changes';
const newsChannel = 'opsforge_news';
const backoffMsMin = 100;
const backoffMsMax = 2_000;
const pingEveryMs = 5_000;
/** A peer that is gone without a word is noticed within 5 + 2 s. */
const pingDeadlineMs = 2_000;
/** Far more changes than people make in an outage; past it the oldest is let go. */
const changesMax = 10_000;

type WaitingChange = { text: string; resolve(): void };

class PostgresWakeUps implements WakeUps {
  readonly #options: WakeUpOptions;
  readonly #shardListeners: ((shards: number[]) => void)[] = [];
  readonly #changeListeners: ((change: Change) => void)[] = [];
  readonly #connectListeners: (() => void)[] = [];
  readonly #newsListeners: ((text: string) => void)[] = [];
  readonly #shards = new Set<number>();
  #changes: WaitingChange[] = [];
  #news: string[] = [];
  #connection: Connection | null = null;
  #sending = false;
  #stopped = true;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: WakeUpOptions) {
    this.#options = options;
  }

  onShards(listener: (shards: number[]) => void): void {
    this.#shardListeners.push(listener);
  }

  onChange(listener: (change: Change) => void): void {
    this.#changeListeners.push(listener);
  }

  onListening(listener: () => void): void {
    this.#connectListeners.push(listener);
  }

  onNews(listener: (text: string) => void): void {
    this.#newsListeners.push(listener);
  }

  isListening(): boolean {
    return this.#connection?.alive() ?? false;
  }

  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    await this.#connect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = null;
    for (const change of this.#changes.splice(0)) change.resolve();
    await connection?.close();
  }

  notifyShards(shards: readonly number[]): void {
    for (const shard of shards) this.#shards.add(shard);
    void this.#send();
  }

  notifyChange(change: Change): Promise<void> {
    if (this.#changes.length >= changesMax) this.#changes.shift()?.resolve();
    const sent = Promise.withResolvers<void>();
    this.#changes.push({ text: JSON.stringify(change), resolve: sent.resolve });
    void this.#send();
    return sent.promise;
  }

  notifyNews(texts: readonly string[]): void {
    if (this.#connection === null) return;
    this.#news.push(...texts);
    void this.#send();
  }

  async #connect(): Promise<void> {
    // Null while it is being made: a failed try closes its socket as well.
    let listening: Connection | null = null;
    try {
      const connection = await connect({
        url: this.#options.url,
        applicationName: 'opsforge-wake-ups',
        onNotification: (channel, payload) => this.#receive(channel, payload),
        onClosed: () => {
          if (listening !== null) this.#lost(listening, new Error('the connection was lost'));
        },
      });
      listening = connection;
      await connection.sql.unsafe(
        `listen ${shardsChannel}; listen ${changesChannel}; listen ${newsChannel}`,
      );
      if (this.#stopped) return await connection.close();
      this.#connection = connection;
    } catch (error) {
      this.#again(error);
      return;
    }
    this.#failures = 0;
    this.#timer = setTimeout(() => this.#ping(), pingEveryMs);
    for (const listener of this.#connectListeners) listener();
    void this.#send();
  }

  #lost(connection: Connection, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    void connection.close();
    this.#again(error);
  }

  #again(error: unknown): void {
    if (this.#stopped) return;
    this.#failures += 1;
    this.#options.onTrouble?.(error, this.#failures);
    const fullMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(this.#failures - 1, 8));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), fullMs * (0.5 + Math.random() / 2));
  }

  #ping(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const late = setTimeout(
      () => this.#lost(connection, new Error('the listening connection does not answer')),
      pingDeadlineMs,
    );
    const next = () => {
      clearTimeout(late);
      if (this.#connection !== connection) return;
      this.#timer = setTimeout(() => this.#ping(), pingEveryMs);
    };
    connection.sql`select 1`.then(next, (error: unknown) => {
      clearTimeout(late);
      this.#lost(connection, error);
    });
  }

  #receive(channel: string, payload: string): void {
    if (channel === shardsChannel) {
      const shards = payload.split(',').map(Number).filter(Number.isInteger);
      for (const listener of this.#shardListeners) listener(shards);
      return;
    }
    if (channel === newsChannel) {
      for (const listener of this.#newsListeners) listener(payload);
      return;
    }
    const change = parseChange(payload);
    if (change === null) return;
    for (const listener of this.#changeListeners) listener(change);
  }

  #hasMore(): boolean {
    return this.#shards.size > 0 || this.#changes.length > 0 || this.#news.length > 0;
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let changes: WaitingChange[] = [];
    let shards: number[] = [];
    try {
      while (this.#connection !== null && this.#hasMore()) {
        changes = this.#changes;
        shards = [...this.#shards];
        const news = this.#news;
        this.#changes = [];
        this.#news = [];
        this.#shards.clear();
        await notify(this.#connection, { shards, changes, news });
        for (const change of changes) change.resolve();
        changes = [];
        shards = [];
      }
    } catch (error) {
      // It goes again when the connection is back; twice is harmless.
      this.#changes = [...changes, ...this.#changes];
      for (const shard of shards) this.#shards.add(shard);
      const connection = this.#connection;
      if (connection !== null) this.#lost(connection, error);
    } finally {
      this.#sending = false;
    }
  }
}

async function notify(
  { sql }: Connection,
  said: { shards: readonly number[]; changes: readonly WaitingChange[]; news: string[] },
): Promise<void> {
  const changes = said.changes.map((change) => change.text);
  const shards = said.shards.length === 0 ? [] : [said.shards.join(',')];
  await sql`
    select pg_notify(channel, payload) from (
      select ${shardsChannel}::text as channel, payload from unnest(${shards}::text[]) payload
      union all
      select ${changesChannel}::text, payload from unnest(${changes}::text[]) payload
      union all
      select ${newsChannel}::text, payload from unnest(${said.news}::text[]) payload) said`;
}

/** Null for what another version of opsforge may say. */
function parseChange(payload: string): Change | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !('kind' in parsed)) return null;
  // Safe because opsforge alone sends on this channel, and the kind is one that is known.
  return changeKinds.has(String(parsed.kind)) ? (parsed as Change) : null;
}

export function createWakeUps(options: WakeUpOptions): WakeUps {
  return new PostgresWakeUps(options);
}

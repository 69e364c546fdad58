/** Small words: times, ids, people, tags, status codes. */
import { agoWords, formatMoment, shortId, untilWords } from './format.ts';

/** "14 min ago", exact in its title. Without a suffix, `suffix=""`. @param nowMs database time */
export function Ago(props: { at: string; nowMs: number; suffix?: string }) {
  const { at, nowMs, suffix = ' ago' } = props;
  const words = agoWords(nowMs - Date.parse(at), suffix);
  return (
    <time datetime={at} title={formatMoment(at)} data-ago={suffix} safe>
      {words}
    </time>
  );
}

/** "in 4 min", or "now" for what is due. */
export function Until({ at, nowMs }: { at: string; nowMs: number }) {
  return (
    <time datetime={at} title={formatMoment(at)} data-until safe>
      {untilWords(Date.parse(at) - nowMs)}
    </time>
  );
}

/** The last 8 characters, the whole in its title. */
export function Id({ id }: { id: string }) {
  return (
    <span class="id" title={id} safe>
      {shortId(id)}
    </span>
  );
}

export function Tag({ word }: { word: string }) {
  return (
    <span class="tag" safe>
      {word}
    </span>
  );
}

/** The number in a tab or beside a menu entry. */
export function Count({ count, tone }: { count: number; tone?: 'bad' | undefined }) {
  return (
    <span class="count" data-tone={tone}>
      {count}
    </span>
  );
}

/** What a receiver answered: its status, or why there was none ("timeout"). */
export function StatusCode({ status, error }: { status: number | null; error: string | null }) {
  if (status === null && error === null) return <span class="text-muted-foreground">–</span>;
  const tone = status === null || status >= 500 ? 'bad' : status >= 300 ? 'warn' : undefined;
  return (
    <span class="code" data-tone={tone} safe>
      {status === null ? error : String(status)}
    </span>
  );
}

/** A person as their initials. */
export function Avatar({ name, class: classes = 'size-7' }: { name: string; class?: string }) {
  const initials = name
    .split(/[\s@.]+/)
    .map((word) => word.slice(0, 1).toUpperCase())
    .join('')
    .slice(0, 2);
  return (
    <span
      class={`flex ${classes} shrink-0 items-center justify-center rounded-full bg-accent text-2xs font-semibold`}
      aria-hidden="true"
      safe
    >
      {initials}
    </span>
  );
}

/** Keys that do the same, as `K` or `⌘K`. */
export function Key({ keys }: { keys: string }) {
  return (
    <kbd class="kbd" safe>
      {keys}
    </kbd>
  );
}

/** What happened in order: attempts, newest first, and the steps of a first run. */
import type { Children } from '@kitajs/html';
import { Glyph, type GlyphName } from './state.tsx';

export function Timeline({ children }: { children: Children }) {
  return <ol class="timeline">{children}</ol>;
}

export function TimelineItem(props: {
  glyph: GlyphName;
  title: string;
  aside?: Children;
  id?: string;
  children?: Children;
}) {
  const { glyph, title, aside: safeAside, children } = props;
  return (
    <li id={props.id}>
      <Glyph name={glyph} />
      <div class="min-w-0">
        <div class="flex flex-wrap items-baseline justify-between gap-x-3">
          <strong class="font-medium" safe>
            {title}
          </strong>
          {safeAside ? <span class="num text-xs text-muted-foreground">{safeAside}</span> : null}
        </div>
        {children}
      </div>
    </li>
  );
}

/** A step with its number until it is done. */
export function Step(props: {
  number: number;
  done: boolean;
  title: string;
  text: string;
  children?: Children;
}) {
  const { number, done, title, text, children } = props;
  return (
    <li>
      {done ? (
        <Glyph name="ok" />
      ) : (
        <svg class="text-primary" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx={8} cy={8} r={7} fill="none" stroke="currentColor" stroke-width="1.5" />
          <text class="step-number" x={8} y={11.2} text-anchor="middle" fill="currentColor">
            {number}
          </text>
        </svg>
      )}
      <div class="min-w-0 pb-3">
        <strong class="font-medium" safe>
          {title}
        </strong>
        <p class="text-muted-foreground" safe>
          {text}
        </p>
        {children}
      </div>
    </li>
  );
}

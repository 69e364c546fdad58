/** Line icons and the product's sign; always decoration, so the words stand beside them. */
import { type IconName, iconShapes } from './icon-shapes.ts';

export type { IconName };

/** @param props.class 16 px unless a size class says otherwise */
export function Icon({ name, class: classes }: { name: IconName; class?: string }) {
  const safeShape = iconShapes[name];
  return (
    <svg
      class={classes}
      viewBox="0 0 24 24"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {safeShape}
    </svg>
  );
}

export function Logo({ class: classes = 'size-5' }: { class?: string }) {
  return (
    <svg class={classes} viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="5" fill="var(--primary)" />
      <path
        d="M4.5 11h3l1.7-4.6 2.4 7.2 1.7-4.1h2.2"
        fill="none"
        stroke="var(--primary-foreground)"
        stroke-width="1.7"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

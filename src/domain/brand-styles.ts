/**
 * A tenant's colours as a style sheet: they take the place of the accent, the focus ring and the
 * charts' blue, and never of a state. A sheet of its own, since the pages allow nothing inline.
 */
import { darkGround, lightGround } from './brand-color.ts';

/** Shares of the colour that ui.md's blue has in its paler two. */
const midPercent = 65;
const softPercent = { light: 24, dark: 40 };

/** What they are for: a page of their own, or the preview in a page of ours. */
const selectors = {
  page: { light: 'html.brand', dark: 'html.brand.dark' },
  preview: { light: '.brand-preview', dark: 'html.dark .brand-preview' },
};

/** @param colors `#rrggbb` that can be read on white and on the dark card; null: opsforge's own */
export function brandStyles(
  colors: { color: string | null; darkColor: string | null },
  target: keyof typeof selectors,
): string {
  const { light, dark } = selectors[target];
  const { color, darkColor } = colors;
  const rules: string[] = [];
  if (color !== null) rules.push(rule(light, color, lightGround, softPercent.light));
  if (darkColor !== null) {
    rules.push(rule(dark, darkColor, darkGround, softPercent.dark));
  }
  return rules.join('\n');
}

function rule(selector: string, color: string, ground: string, soft: number): string {
  return [
    `${selector} {`,
    `  --primary: ${color};`,
    `  --primary-foreground: ${ground};`,
    `  --ring: ${color};`,
    // Tailwind's names were resolved at the root, above a preview.
    `  --color-primary: ${color};`,
    `  --color-primary-foreground: ${ground};`,
    `  --chart-1: ${color};`,
    `  --chart-mid: color-mix(in oklab, ${color} ${midPercent}%, ${ground});`,
    `  --chart-soft: color-mix(in oklab, ${color} ${soft}%, ${ground});`,
    '}',
  ].join('\n');
}

/**
 * A tenant's colour for what its customers see: text and buttons in it must be readable, 4.5 : 1 by
 * WCAG 2, on white and in the dark on the dark card. No colour is both: white wants a luminance of
 * at most 0.183, the card one of at least 0.209; hence one for each.
 */
import { invalidField } from './errors.ts';

export const lightGround = '#ffffff';
/** The card of the dark pages (their token `card`). */
export const darkGround = '#141519';
const contrastMin = 4.5;
/** Finer than what 8 bits of a channel can tell apart. */
const mixSteps = 1_024;

type Rgb = readonly [number, number, number];

/** @param color `#rrggbb` */
export function contrast(color: string, ground: string): number {
  const [a, b] = [luminance(parse(color)), luminance(parse(ground))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/**
 * The colour itself where it is readable on the ground, else the nearest on its way to black or to
 * white that is.
 */
export function nearestReadable(color: string, ground: string): string {
  const from = parse(color);
  const target = luminance(parse(ground)) > 0.5 ? 0 : 255;
  for (let step = 0; step <= mixSteps; step += 1) {
    const mixed = format(from.map((part) => part + ((target - part) * step) / mixSteps));
    if (contrast(mixed, ground) >= contrastMin) return mixed;
  }
  return format([target, target, target]);
}

/** The one that was chosen for the dark, else the nearest to the other; null: opsforge's own. */
export function colorInTheDark(chosen: {
  color: string | null;
  darkColor: string | null;
}): string | null {
  return chosen.darkColor ?? (chosen.color && nearestReadable(chosen.color, darkGround));
}

/** Throws AppError `invalid` that names the nearest colour that passes. */
export function checkReadable(path: string, color: string, ground: string): void {
  const nearest = nearestReadable(color, ground);
  if (nearest === color) return;
  const ratio = (Math.floor(contrast(color, ground) * 100) / 100).toFixed(2);
  throw invalidField(
    path,
    `has a contrast of ${ratio} on ${ground}; at least ${contrastMin} is readable. The nearest is ${nearest}`,
  );
}

function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function format(parts: readonly number[]): string {
  return `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}

/** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance. */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

/**
 * Figures and times as people read them, after ui.md §2: thin spaces in thousands, a dash for none,
 * a true minus. Pure: the present is passed in. The answers hold no markup.
 */
const thinSpace = '\u202f';
const noneText = '–';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** 1204 → "1 204", with a thin space; −3 with a minus sign. */
export function formatCount(count: number): string {
  const digits = Math.abs(Math.round(count)).toString();
  const grouped = digits.replace(/\B(?=(?:\d{3})+$)/g, thinSpace);
  return Math.round(count) < 0 ? `−${grouped}` : grouped;
}

/** For stat cards: 1 284 003 → 1.28 and M. Below 10 000 it is written out. */
export function formatShort(count: number): { value: string; unit: string } {
  if (Math.abs(count) < 10_000) return { value: formatCount(count), unit: '' };
  const [divisor, unit] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  const scaled = count / divisor;
  return { value: scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0), unit };
}

/** 0.99623 → "99.62 %"; what is not all is never shown as 100 %. Null → "–". */
export function formatPercent(ratio: number | null, digits = 2): string {
  const figure = formatPercentFigure(ratio, digits);
  return figure === noneText ? figure : `${figure}${thinSpace}%`;
}

/** As formatPercent without the sign, for cards that write the unit small. */
export function formatPercentFigure(ratio: number | null, digits = 2): string {
  if (ratio === null) return noneText;
  const rounded = (ratio * 100).toFixed(digits);
  const isRoundedUp = ratio < 1 && Number(rounded) >= 100;
  const shown = isRoundedUp ? (100 - 10 ** -digits).toFixed(digits) : rounded;
  return shown.replace('-', '−');
}

/** 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = bytes;
  let unit = '';
  for (const next of units) {
    if (scaled < 1_024) break;
    scaled /= 1_024;
    unit = next;
  }
  return `${scaled.toFixed(scaled < 10 ? 1 : 0)} ${unit}`;
}

/** 184 → "184 ms", 15 000 → "15 s", 252 000 → "4 min 12 s", 272 100 000 → "3 d 3 h". Null → "–". */
export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return noneText;
  if (durationMs < 10_000 && durationMs % 1_000 !== 0) return `${formatCount(durationMs)} ms`;
  const two = (large: number, largeUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
  const seconds = Math.round(durationMs / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** One unit is enough in lists: "14 min". */
export function formatAge(ageMs: number): string {
  const age = Math.max(0, ageMs);
  if (age < minuteMs) return `${Math.floor(age / 1_000)} s`;
  if (age < hourMs) return `${Math.floor(age / minuteMs)} min`;
  if (age < dayMs) return `${Math.floor(age / hourMs)} h`;
  return `${Math.floor(age / dayMs)} d`;
}

/** "14 min ago"; below a second "now", where the suffix says "ago" at all. */
export function agoWords(ageMs: number, suffix: string): string {
  return ageMs < 1_000 && suffix === ' ago' ? 'now' : `${formatAge(ageMs)}${suffix}`;
}

/** "in 4 min"; "now" for what is due. */
export function untilWords(leftMs: number): string {
  return leftMs < 1_000 ? 'now' : `in ${formatAge(leftMs)}`;
}

/** "2026-11-23 14:32:08.412 UTC" */
export function formatMoment(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 23)} UTC`;
}

/** "2026-11-23 14:32 UTC" */
export function formatMinute(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

/** "14:32:08" of a time in UTC. */
export function formatClock(at: string): string {
  return at.slice(11, 19);
}

/** "Nov 23, 2026" */
export function formatDate(at: string): string {
  const date = new Date(at);
  const month = date.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' });
  return `${month} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
}

/** A UUIDv7 begins with the time, so beginnings look alike: its end tells it apart. */
export function shortId(id: string): string {
  return `…${id.slice(-8)}`;
}

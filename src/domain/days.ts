/** Days of UTC as texts, `2026-01-31`: as the database writes its dates, and in their order. */
export const dayMs = 86_400_000;

export const dayOf = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);

/** Every day from the first to before the last. */
export function daysBetween(from: string, before: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at < Date.parse(before); at += dayMs) days.push(dayOf(at));
  return days;
}

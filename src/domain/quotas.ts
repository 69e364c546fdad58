/**
 * What a tenant may use, and when it will be used up. A quota is warned of at four fifths; used up,
 * it ends accepting until the month is over or stored events have gone.
 */
export const quotaNames = ['eventsPerMonth', 'storedBytes'] as const;

export type QuotaName = (typeof quotaNames)[number];

/** Null: no such quota. */
export type Quotas = Record<QuotaName, number | null>;

export type QuotaUse = { name: QuotaName; limit: number; used: number };

/** Room to act in: at a steady pace, six days of a month. */
export const warnRatio = 0.8;
/** Warned of again when it had come down to this: not by every turn around four fifths. */
export const warnAgainRatio = 0.7;

export const isUsedUp = ({ limit, used }: QuotaUse) => used >= limit;

/** Of the quotas that there are. */
export function quotaUses(quotas: Quotas, used: Record<QuotaName, number>): QuotaUse[] {
  return quotaNames.flatMap((name) => {
    const limit = quotas[name];
    return limit === null ? [] : [{ name, limit, used: used[name] }];
  });
}

/** In words, for problems and warnings: `1000 events a month`. */
export function describeQuota({ name, limit }: Pick<QuotaUse, 'name' | 'limit'>): string {
  return name === 'eventsPerMonth'
    ? `${limit} events a month`
    : `${limit} bytes of stored payloads`;
}

/** Of the month (UTC) that a time lies in, half open, ms. */
export function monthOf(nowMs: number): { startMs: number; endMs: number } {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}

const weekMs = 7 * 86_400_000;

/**
 * When it is used up at the pace until now, ms; null when it is not: within the month, or ever.
 * @param usedWeekAgo of stored bytes, which come and go: what counts is their growth
 */
export function forecastMs(use: QuotaUse, nowMs: number, usedWeekAgo: number): number | null {
  if (isUsedUp(use)) return nowMs;
  const { startMs, endMs } = monthOf(nowMs);
  const isMonthly = use.name === 'eventsPerMonth';
  const grown = isMonthly ? use.used : use.used - usedWeekAgo;
  const sinceMs = isMonthly ? nowMs - startMs : weekMs;
  if (grown <= 0 || sinceMs <= 0) return null;
  const atMs = nowMs + ((use.limit - use.used) / grown) * sinceMs;
  return isMonthly && atMs >= endMs ? null : atMs;
}

export const quotaWarningType = 'opsforge.quota.warning';

/** As it is sent to endpoints that name the type. */
export const quotaWarningPayload = (use: QuotaUse) =>
  JSON.stringify({
    quota: use.name,
    limit: use.limit,
    used: use.used,
    ratio: ratioOf(use),
  });

/** With three decimals. */
export const ratioOf = ({ limit, used }: QuotaUse) => Math.round((used / limit) * 1_000) / 1_000;

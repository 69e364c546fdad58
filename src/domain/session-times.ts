/** How long a session lives. */

/** Not used for so long, it has ended: a laptop that stays closed over a holiday signs in again. */
export const sessionIdleMs = 7 * 86_400_000;
/** However much it is used. */
export const sessionLifetimeMs = 30 * 86_400_000;
/** Of one person; a new one ends the oldest. */
export const sessionsMax = 50;

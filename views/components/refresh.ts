/**
 * How an open page asks for its changing parts again. One place, so that what triggers it can be
 * another thing than time.
 */

/** For figures and lists. */
export const refreshFigures = 'every 10s';
/** For what somebody waits for: a test under way, a replay's progress. */
export const refreshProgress = 'every 1s';

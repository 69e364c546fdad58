/**
 * Endpoints that `opsforge listen` makes: paused, so that no leader sends for them, for the reason
 * below, by which they are told from what people have paused. Their deliveries are fetched and
 * answered by whoever listens.
 */
export const listeningReason = 'listening';
/** Of one that was not heard of for a day, disabled. */
export const abandonedReason = 'listener_gone';

/**
 * Nothing is ever sent to it, and nothing could be if somebody made the endpoint active: names
 * below .invalid do not resolve (RFC 2606).
 */
export const listenerUrl = 'http://listen.invalid/';

export function isListening(endpoint: { status: string; statusReason: string | null }): boolean {
  return endpoint.status === 'paused' && endpoint.statusReason === listeningReason;
}

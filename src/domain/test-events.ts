/** The event that an endpoint's owner sends to try it. */
export const testEventType = 'opsforge.test';

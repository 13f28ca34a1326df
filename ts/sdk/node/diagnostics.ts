import { channel } from 'node:diagnostics_channel';
import type { Observer } from '../core/observer.js';

/** Every event goes to the channel `millrace:` and its name. Without a subscriber it costs a look-up. */
export const observe: Observer = (name, detail) => {
  const events = channel(`millrace:${name}`);
  if (events.hasSubscribers) events.publish(detail);
};

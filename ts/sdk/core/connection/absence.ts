import type { Clock } from '../../../model/ports.js';
import type { Connection } from './connection.js';

/**
 * Calls back once there has been no connection for so long without a break, counted from now at the earliest. The answer ends the
 * watch.
 */
export function whenAway(connection: Connection, clock: Clock, awayMsMax: number, onAway: () => void): () => void {
  let cancel: (() => void) | undefined;
  const begin = () => {
    cancel ??= clock.after(awayMsMax, onAway);
  };
  const end = () => {
    cancel?.();
    cancel = undefined;
  };
  const stopListening = connection.listen({ onOpen: end, onLost: begin });
  if (connection.welcome === undefined) begin();
  return () => {
    end();
    stopListening();
  };
}

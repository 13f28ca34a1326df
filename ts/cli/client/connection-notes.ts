import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Terminal } from '../command.js';

/**
 * Says on stderr when the connection is lost, and when it is back: the client tries again by itself, and whoever waits should know
 * what for. The answer ends that.
 */
export function noteConnection(terminal: Terminal): () => void {
  let isLost = false;
  const lost = (detail: unknown) => {
    // Each attempt that fails is told too: once is enough.
    if (isLost) return;
    isLost = true;
    const { url, reason } = detail as { readonly url: string; readonly reason: string };
    terminal.error(`millrace: the connection to ${new URL(url).host} is lost (${reason}); trying again, Ctrl-C ends\n`);
  };
  const opened = () => {
    if (isLost) terminal.error('millrace: connected again\n');
    isLost = false;
  };
  subscribe('millrace:connection.lost', lost);
  subscribe('millrace:connection.open', opened);
  return () => {
    unsubscribe('millrace:connection.lost', lost);
    unsubscribe('millrace:connection.open', opened);
  };
}

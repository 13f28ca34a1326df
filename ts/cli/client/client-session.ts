import type { ExitReason } from '../../model/exit-codes.js';
import { addressText } from '../../model/quantities.js';
import { type Client, ConnectionError, connect, MillraceError } from '../../sdk/node/index.js';
import type { Terminal } from '../command.js';
import { parseBootstrap } from './bootstrap.js';
import { noteConnection } from './connection-notes.js';
import { noGateway } from './no-gateway.js';
import { probe } from './probe.js';

const connectTimeoutMs = 10_000;

/** Errors that say: the value that was given cannot be. */
const usageCodes: ReadonlySet<string> = new Set([
  'invalid-topic',
  'invalid-config',
  'invalid-partitions',
  'invalid-replication-factor',
]);

/** Connects, does what is to be done, and closes. What fails on the way is told, with what to do about it. */
export async function withClient(
  bootstrap: string,
  terminal: Terminal,
  use: (client: Client) => Promise<ExitReason>,
): Promise<ExitReason> {
  const address = parseBootstrap(bootstrap);
  // First, as whoever is no gateway only fails to answer a WebSocket's handshake, and then nobody knows why.
  const answerer = await probe(address);
  if (answerer.kind !== 'gateway') {
    terminal.error(`millrace: ${await noGateway(address, answerer)}\n`);
    return 'failed';
  }
  let client: Client | undefined;
  let endNotes: () => void = () => undefined;
  try {
    client = await connect(addressText(address), { client: 'millrace-cli', connectTimeoutMs });
    endNotes = noteConnection(terminal);
    return await use(client);
  } catch (error) {
    return tell(error, terminal);
  } finally {
    endNotes();
    await client?.close().catch(() => undefined);
  }
}

/** Says what failed, and with which code the process ends for that. */
function tell(error: unknown, terminal: Terminal): ExitReason {
  if (!(error instanceof MillraceError)) throw error;
  const advice = error instanceof ConnectionError ? '; is the node still running? Its log says why' : '';
  terminal.error(`millrace: ${error.message}${advice}\n`);
  return usageCodes.has(error.code) ? 'wrongUsage' : 'failed';
}

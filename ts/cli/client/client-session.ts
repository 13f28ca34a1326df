import type { ExitReason } from '../../model/exit-codes.js';
import { type Address, addressText } from '../../model/quantities.js';
import { type Client, connect, MillraceError } from '../../sdk/node/index.js';
import type { Terminal } from '../command.js';
import { parseBootstrap } from './bootstrap.js';
import { noteConnection } from './connection-notes.js';
import { nextStep } from './next-step.js';
import { noGateway } from './no-gateway.js';
import { probe } from './probe.js';

const connectTimeoutMs = 10_000;
/** Whoever has pressed Ctrl-C does not want to wait for a node that is away. */
const closeWaitMs = 2_000;

/** Errors that say: the value that was given cannot be. */
const usageCodes: ReadonlySet<string> = new Set([
  'invalid-topic',
  'invalid-config',
  'invalid-partitions',
  'invalid-replication-factor',
  'invalid-assignment',
]);

/** Does what is to be done with a gateway that is there. What fails on the way is told, with what to do about it. */
export async function withGateway(
  bootstrap: string,
  terminal: Terminal,
  use: (address: Address) => Promise<ExitReason>,
): Promise<ExitReason> {
  const address = parseBootstrap(bootstrap);
  // First, as whoever is no gateway only fails to answer a WebSocket's handshake, and then nobody knows why.
  const answerer = await probe(address);
  if (answerer.kind !== 'gateway') {
    terminal.error(`millrace: ${await noGateway(address, answerer)}\n`);
    return 'failed';
  }
  try {
    return await use(address);
  } catch (error) {
    return tell(error, terminal);
  }
}

/** Connects, does what is to be done, and closes. */
export function withClient(
  bootstrap: string,
  terminal: Terminal,
  use: (client: Client) => Promise<ExitReason>,
): Promise<ExitReason> {
  return withGateway(bootstrap, terminal, async (address) => {
    const client = await connect(addressText(address), { client: 'millrace-cli', connectTimeoutMs, closeWaitMs });
    const endNotes = noteConnection(terminal);
    try {
      return await use(client);
    } finally {
      endNotes();
      await client.close().catch(() => undefined);
    }
  });
}

/** Says what failed, and with which code the process ends for that. */
function tell(error: unknown, terminal: Terminal): ExitReason {
  if (!(error instanceof MillraceError)) throw error;
  terminal.error(`millrace: ${error.message}${nextStep(error)}\n`);
  return usageCodes.has(error.code) ? 'wrongUsage' : 'failed';
}

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { BrokerConfig } from '../model/broker-config.js';
import { type ExitReason, exitCodes } from '../model/exit-codes.js';
import { fatal, notifySupervisor, returnLargeMemory } from '../native/process.js';
import { systemClock } from './clock.js';
import { endOnFailure } from './fault.js';
import { Node, type NodeEnd } from './node.js';

export interface NodeTerminal {
  out(text: string): void;
  onInterrupt(drain: () => void): void;
}

/** Whoever asks twice does not want to wait, and a drain that hangs must not keep a supervisor waiting. */
const stopWaitMs = 30_000;

/** Runs a node until a signal ends it. The process is the node: its pid is the one printed. */
export async function runNode(config: BrokerConfig, terminal: NodeTerminal): Promise<ExitReason> {
  process.on('uncaughtException', endOnFailure);
  returnLargeMemory();
  const log = pino({ name: 'millrace', level: config['log-level'] }, pino.destination({ fd: 2, sync: true }));
  // From now on: who asks a node to end that is not ready yet gets a node that ends as soon as it is.
  const stopping = signalled(terminal);
  const onEnd = ({ reason, message }: NodeEnd) => fatal(reason, message);
  const started = await Node.start(config, systemClock(), log, onEnd);
  if (!started.ok) {
    log.fatal({ exitCode: exitCodes[started.error.reason].code }, started.error.message);
    return started.error.reason;
  }
  const node = started.value;
  const ready = { ready: true, pid: process.pid, ...node.addresses };
  const nodeFile = join(config.data, 'node.json');
  const problem = writeNodeFile(nodeFile, `${JSON.stringify(ready)}\n`);
  if (problem !== undefined) log.error({ problem }, 'node.json could not be written: nobody finds this node by its directory');
  terminal.out(`${JSON.stringify(ready)}\n`);
  log.info({ ...ready, clusterId: node.clusterId }, 'ready');
  notifySupervisor('READY=1');
  await stopping;
  log.info('stopping');
  notifySupervisor('STOPPING=1');
  setTimeout(() => fatal('failed', `the node did not stop within ${stopWaitMs / 1000} s`), stopWaitMs).unref();
  const problems = await node.stop('the node is shutting down');
  rmSync(nodeFile, { force: true });
  for (const problem of problems) log.error({ problem }, 'a shard did not close cleanly: the next start replays its journal');
  log.info('stopped');
  return problems.length === 0 ? 'done' : 'failed';
}

/** Whole or not at all: others read it while it is written. A disk without room keeps no node from serving what is on it. */
function writeNodeFile(path: string, content: string): string | undefined {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
    return undefined;
  } catch (error) {
    // Rather none than that of a life before.
    for (const file of [path, `${path}.new`]) rmSync(file, { force: true });
    return String(error);
  }
}

function signalled(terminal: NodeTerminal): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    terminal.onInterrupt(resolve);
  });
}

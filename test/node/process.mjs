import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * @typedef {object} RunningNode
 * @property {number} pid
 * @property {string} gateway host:port
 * @property {string} url
 * @property {string} kafka host:port, the first
 * @property {readonly string[]} listeners all of them
 * @property {readonly string[]} log what it logged so far, line by line
 * @property {Promise<number | null>} exited with its exit code; null: killed
 * @property {(signal: NodeJS.Signals) => Promise<number | null>} kill
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

const usual = { '--gateway': '127.0.0.1:0', '--kafka': '127.0.0.1:0' };

/**
 * @param {string} data
 * @param {readonly string[]} options
 */
function spawnNode(data, options) {
  const ports = Object.entries(usual).flatMap(([name, value]) => (options.includes(name) ? [] : [name, value]));
  const args = [main, 'start', '--data', data, ...ports, ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return /** @type {number | null} */ (code);
  });
  /** @type {string[]} */
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  return { child, exited, log };
}

/**
 * A node that is not to become ready: its exit code, and what it logged.
 * @param {string} data
 * @param {readonly string[]} options
 * @returns {Promise<{ readonly code: number | null, readonly log: string }>}
 */
export async function endedStart(data, options = []) {
  const { child, exited, log } = spawnNode(data, options);
  child.stdout.resume();
  const code = await exited;
  return { code, log: log.join('\n') };
}

/**
 * A real node in a process of its own: resolves with its ready line, rejects with its log if it ends before that.
 * @param {string} data
 * @param {readonly string[]} options
 * @returns {Promise<RunningNode>}
 */
export async function startNode(data, options = []) {
  const { child, exited, log } = spawnNode(data, options);
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([once(lines, 'line').then(([line]) => String(line)), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(`the node ended before it was ready:\n${log.join('\n')}`);
  const { pid, gateway, kafka } = JSON.parse(ready);
  return {
    pid,
    url: gateway,
    gateway: gateway.replace('http://', ''),
    kafka: kafka[0] ?? '',
    listeners: kafka,
    log,
    exited,
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** For `afterEach`: whatever a test left running. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

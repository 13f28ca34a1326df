import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Spinners } from './figure.js';

/** Keeps the cores awake where `mode` is "on"; the answer ends that. Rule 24 of DURABILITY.md. */
export function startSpinners(native: string, mode: Spinners): () => Promise<void> {
  if (mode !== 'on') return async () => undefined;
  // It ends with its standard input, and so with this process.
  const child = spawn(native, ['spin'], { stdio: ['pipe', 'ignore', 'inherit'] });
  return async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
}

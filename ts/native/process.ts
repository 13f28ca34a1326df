import { writeSync } from 'node:fs';
import { type ExitReason, exitCodes } from '../model/exit-codes.js';
import { loadAddon } from './load.js';

/**
 * Ends the process with a reason: an invariant is broken, or nothing is left to serve from. `process.exit` would first end the other
 * threads, which may be in the middle of anything.
 */
export function fatal(reason: ExitReason, message: string): never {
  writeSync(2, `millrace: ${message}\n`);
  loadAddon().endProcess(exitCodes[reason].code);
  throw new Error('the process has ended');
}

/** For the whole process and from now on: large buffers that are freed go back to the system, or no budget would hold. */
export function returnLargeMemory(): void {
  loadAddon().returnLargeMemory();
}

/** Tells systemd, if it is who started this process. What went wrong, if it did not arrive. */
export function notifySupervisor(message: string): string | undefined {
  const socket = process.env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return undefined;
  return loadAddon().notifySystemd(socket, message) ?? undefined;
}

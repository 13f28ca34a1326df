import type { ExitReason } from '../../model/exit-codes.js';
import type { Failure } from '../../native/failure.js';
import type { Terminal } from '../command.js';

const reasons: Readonly<Partial<Record<Failure['code'], ExitReason>>> = {
  'in-use': 'directoryInUse',
  corrupt: 'corruption',
  fenced: 'diskFenced',
  'disk-failed': 'diskFenced',
  'wrong-setting': 'wrongUsage',
};

/** Says what failed, and with which code the process ends for that. */
export function failWith(terminal: Terminal, about: string, failure: Failure): ExitReason {
  terminal.error(`millrace: ${about}: ${failure.message}\n`);
  return reasons[failure.code] ?? 'failed';
}

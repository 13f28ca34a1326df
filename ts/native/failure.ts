import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { failed, ok, type Result } from '../model/result.js';

/** What native code answers instead of throwing. The codes are those of native/src/binding/failure.rs. */
export const failureCodes = [
  'in-use',
  'corrupt',
  'newer-format',
  'io',
  'disk-failed',
  'no-io',
  'wrong-setting',
  'unknown-partition',
  'fenced',
  'busy',
  'not-leader',
  'out-of-range',
  'leader-epoch-used',
  'closed',
  'cancelled',
] as const;

export interface Failure {
  readonly code: (typeof failureCodes)[number];
  readonly message: string;
}

/** Tells a failure from what was asked for: no object of the binding has a `code`. */
export function resultOf<T extends object | string | number>(answer: T | Failure): Result<T, Failure> {
  return isFailure(answer) ? failed(answer) : ok(answer);
}

function isFailure(answer: unknown): answer is Failure {
  return typeof answer === 'object' && answer !== null && 'code' in answer;
}

/** "ENOSPC: no space left on device". */
export function errnoText(errno: number): string {
  const known = getSystemErrorMap().get(-errno);
  return known === undefined ? `error ${errno}` : `${known[0]}: ${known[1]}`;
}

/** The disk may have room again later; whatever else fails does not mend itself. */
export function isNoSpace(errno: number): boolean {
  return errno === constants.errno.ENOSPC || errno === constants.errno.EDQUOT;
}

import type { Failure } from '../../../model/ports.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { codeOf, messageOf } from './row.js';

/** The part of an answer that says whether it was done. */
export interface Outcome {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const done: Outcome = { errorCode: 0, errorMessage: null };

export function refused(name: keyof typeof kafkaErrors, errorMessage: string): Outcome {
  return { errorCode: kafkaErrors[name].code, errorMessage };
}

/** Of a command: what is no leader there is no controller here. */
export function outcomeOf(failure: Failure): Outcome {
  const errorCode = failure.error === 'not-leader' ? kafkaErrors.NOT_CONTROLLER.code : codeOf(failure);
  return { errorCode, errorMessage: messageOf(failure) };
}

/** What stands in a list more than once. */
export function repeated<T>(items: readonly T[]): ReadonlySet<T> {
  const [seen, twice] = [new Set<T>(), new Set<T>()];
  for (const item of items) (seen.has(item) ? twice : seen).add(item);
  return twice;
}

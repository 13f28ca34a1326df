export type Verdict = 'ok' | 'warn' | 'fail';

/** A line of the doctor's table. */
export interface Row {
  readonly check: string;
  readonly value: string;
  /** fail: a broker could not run. */
  readonly verdict: Verdict;
  /** What to change; empty if nothing. */
  readonly advice: string;
}

export function row(check: string, value: string, verdict: Verdict = 'ok', advice = ''): Row {
  return { check, value, verdict, advice };
}

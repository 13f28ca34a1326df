import type { Offset } from '../../model/offset.js';
import type { Failure } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Served } from '../routing.js';

export interface EpochEnd {
  /** The largest that is not above the one asked for. */
  readonly leaderEpoch: number;
  readonly end: Offset;
}

/** Where the records of a leader epoch end. Undefined: it is newer than any here. `done` may be called before this returns. */
export function endOfEpoch(
  { calls, route }: Served,
  leaderEpoch: number,
  done: (result: Result<EpochEnd | undefined, Failure>) => void,
): void {
  if (leaderEpoch > route.leaderEpoch) {
    done(ok(undefined));
    return;
  }
  calls.call<EpochEnd>((port, answer) => port.epochEnd(route.handle, leaderEpoch, answer), done);
}

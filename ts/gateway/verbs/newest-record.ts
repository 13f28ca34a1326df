import type { Failure, FoundOffset } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Served } from '../routing.js';

type Done = (result: Result<FoundOffset | undefined, Failure>) => void;

/**
 * The first record with the largest timestamp. The log finds the first record at or behind a time: this halves what is left of all
 * times, so it asks some fifty times at most. Undefined: there is no record.
 */
export function newestRecord(served: Served, done: Done): void {
  const search = (best: FoundOffset | undefined, from: number, until: number) => {
    if (from >= until) {
      done(ok(best));
      return;
    }
    const middle = best === undefined ? from : from + Math.floor((until - from) / 2);
    served.calls.call<FoundOffset | undefined>(
      (port, answer) => port.find(served.route.handle, middle, answer),
      (found) => {
        if (!found.ok) done(failed(found.error));
        else if (found.value !== undefined) search(found.value, Math.max(found.value.timestampMs, middle) + 1, until);
        // Nothing at all.
        else if (best === undefined) done(ok(undefined));
        else search(best, from, middle);
      },
    );
  };
  search(undefined, 0, Number.MAX_SAFE_INTEGER);
}

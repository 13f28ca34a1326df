import type { Failure, TopicRoute } from '../../model/ports.js';
import { ok, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';
import type { MissingTopics } from './missing-topics.js';

/** Those of the topics asked for that exist; all, if none is named. A missing one is created first if that is wanted and allowed. */
export function findTopics(
  routing: Routing,
  missing: MissingTopics,
  request: { readonly topics: readonly string[]; readonly createsMissing: boolean },
  done: (result: Result<readonly TopicRoute[], Failure>) => void,
): void {
  const names = [...new Set(request.topics)];
  const finish = () => {
    const named = names.flatMap((name) => routing.topic(name) ?? []);
    done(ok(names.length === 0 ? [...routing.view.topics()] : named));
  };
  if (!request.createsMissing) {
    finish();
    return;
  }
  let waiting = 1;
  let failure: Failure | undefined;
  const arrived = (refused: Failure | undefined) => {
    // One that may not be created is left out like any that does not exist.
    if (refused !== undefined && refused.error !== 'unknown-topic') failure ??= refused;
    waiting -= 1;
    if (waiting > 0) return;
    if (failure === undefined) finish();
    else done({ ok: false, error: failure });
  };
  for (const name of names) {
    if (!missing.isMissing(name)) continue;
    waiting += 1;
    const refusal = missing.ensure(name, arrived);
    if (refusal !== undefined) arrived(refusal);
  }
  arrived(undefined);
}

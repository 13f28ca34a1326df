import type { GroupCoordinator } from './group-ports.js';
import type { GroupRefusal, ListedGroup, ListRequest } from './group-requests.js';
import { ok, type Result } from './result.js';

type Listed = Result<readonly ListedGroup[], GroupRefusal>;

/** The groups of all of them, or the first refusal: half a list would look like groups that are gone. Never calls back at once. */
export function listGroups(
  coordinators: readonly Pick<GroupCoordinator, 'list'>[],
  request: ListRequest,
  done: (listed: Listed) => void,
): void {
  let waiting = coordinators.length;
  let all: Listed = ok([]);
  if (waiting === 0) queueMicrotask(() => done(all));
  for (const coordinator of coordinators) {
    coordinator.list(request, (listed) => {
      if (all.ok) all = listed.ok ? ok([...all.value, ...listed.value]) : listed;
      waiting -= 1;
      if (waiting === 0) done(all);
    });
  }
}

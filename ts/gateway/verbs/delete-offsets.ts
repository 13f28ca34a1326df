import type { GroupRefusal } from '../../model/group-requests.js';
import { ok, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';
import type { Groups } from './groups.js';
import type { NamedTopic } from './named-topic.js';
import { type PartitionError, PartitionRequests } from './partition-requests.js';

export interface DeleteOffsets {
  readonly groupId: string;
  readonly topics: readonly (NamedTopic & { readonly partitions: readonly { readonly partition: number }[] })[];
}

/** Forgets offsets of a group. `done` by the places in the request, or with why nothing can be said of the group. */
export function deleteOffsets(
  { routing, groups }: { readonly routing: Routing; readonly groups: Groups },
  { groupId, topics }: DeleteOffsets,
  done: (result: Result<readonly (readonly PartitionError[])[], GroupRefusal>) => void,
): void {
  const requests = new PartitionRequests(routing, topics);
  const accepted = requests.accepted.map(({ topic, partitions }) => ({
    topic: topic.name,
    partitions: partitions.map(({ partition }) => partition),
  }));
  groups.ask('deleteOffsets', { groupId, topics: accepted }, (answer) =>
    done(answer.ok ? ok(requests.outcomes(answer)) : answer),
  );
}

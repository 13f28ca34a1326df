import type { CommitRequest, PartitionCommit } from '../../model/group-requests.js';
import { offsetMax } from '../../model/offset.js';
import { ok } from '../../model/result.js';
import type { Routing } from '../routing.js';
import type { Groups } from './groups.js';
import type { NamedTopic } from './named-topic.js';
import { type PartitionError, PartitionRequests } from './partition-requests.js';

export interface CommitOffsets extends Omit<CommitRequest, 'topics'> {
  readonly topics: readonly (NamedTopic & { readonly partitions: readonly PartitionCommit[] })[];
}

/**
 * Stores how far a group has read. Each partition on its own: what is not there takes no offset, or a topic made later under its name
 * would be read from somewhere in its middle. `done` by the places in the request.
 */
export function commitOffsets(
  { routing, groups }: { readonly routing: Routing; readonly groups: Groups },
  { topics, ...claim }: CommitOffsets,
  done: (outcomes: readonly (readonly PartitionError[])[]) => void,
): void {
  const requests = new PartitionRequests(routing, topics, refuseCut);
  if (requests.accepted.length === 0) {
    done(requests.outcomes(ok({ topics: [] })));
    return;
  }
  const accepted = requests.accepted.map(({ topic, partitions }) => ({ topic: topic.name, topicId: topic.topicId, partitions }));
  groups.ask('commit', { ...claim, topics: accepted }, (answer) => done(requests.outcomes(answer)));
}

/** Numbers beyond ours come here cut to the largest: nobody said that one, and no log has it. */
function refuseCut({ offset }: PartitionCommit): PartitionError {
  return offset >= offsetMax ? 'offset-out-of-range' : undefined;
}

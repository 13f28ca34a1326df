import type { Failure } from '../../model/errors.js';
import type { TopicId } from '../../model/ids.js';
import { failed, ok } from '../../model/result.js';
import type { Assignments } from '../../model/topic-changes.js';
import type { Image } from '../metadata/image.js';
import { assignmentsFault } from './assignments.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { placeHere } from './place.js';
import { clientTopicOfName } from './topic-of-name.js';

export interface AddPartitions {
  readonly name: string;
  /** Of the topic in the end. */
  readonly partitions: number;
  /** Of those that are new. */
  readonly assignments?: Assignments | undefined;
}

export function addPartitions(
  image: Image,
  request: AddPartitions,
  defaults: ClusterDefaults,
): Decision<{ readonly topicId: TopicId }> {
  const topic = clientTopicOfName(image, request.name);
  if (!topic.ok) return topic;
  const { topicId, partitions } = topic.value;
  const placed = placeHere(image, partitions.length, request.partitions, defaults);
  if (!placed.ok) return failed(placed.error);
  const misplaced =
    request.assignments === undefined ? undefined : misplacement(request.assignments, placed.value.length, defaults);
  if (misplaced !== undefined) return failed(misplaced);
  return ok({
    records: [
      { type: 'topic-grown', topicId, partitions: request.partitions },
      { type: 'partitions-placed', topicId, first: partitions.length, placements: placed.value },
    ],
    answer: { topicId },
  });
}

function misplacement(assignments: Assignments, added: number, defaults: ClusterDefaults): Failure | undefined {
  if (assignments.length === added) return assignmentsFault(assignments, defaults);
  return { error: 'invalid-assignment', message: `${assignments.length} assignments for ${added} new partitions` };
}

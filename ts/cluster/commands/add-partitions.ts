import type { TopicId } from '../../model/ids.js';
import { failed, ok } from '../../model/result.js';
import type { Image } from '../metadata/image.js';
import type { ClusterDefaults, Decision } from './decision.js';
import { placeHere } from './place.js';
import { clientTopicOfName } from './topic-of-name.js';

export interface AddPartitions {
  readonly name: string;
  /** Of the topic in the end. */
  readonly partitions: number;
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
  return ok({
    records: [
      { type: 'topic-grown', topicId, partitions: request.partitions },
      { type: 'partitions-placed', topicId, first: partitions.length, placements: placed.value },
    ],
    answer: { topicId },
  });
}

import { logDefaults } from '../../model/topic-settings.js';
import type { Image, TopicImage } from './image.js';
import type { MetadataRecord } from './records/record.js';

/** Records that make this image out of the empty one, and tell recovery the same as all the records before. */
export function snapshotRecords(image: Image): readonly MetadataRecord[] {
  const { clusterId, producerIdsEnd } = image;
  return [
    ...(clusterId === undefined ? [] : [{ type: 'cluster-named', clusterId } as const]),
    // The deleted first: a name may have come back under another id.
    ...[...image.deleted].flatMap(([topicId, name]): readonly MetadataRecord[] => [
      { type: 'topic-created', topicId, name, partitions: 0, settings: logDefaults },
      { type: 'topic-deleted', topicId },
    ]),
    ...[...image.topics.values()].flatMap(topicRecords),
    ...[...image.nodes].map(([nodeId, startCount]) => ({ type: 'node-known', nodeId, startCount }) as const),
    { type: 'producer-ids-taken', nodeId: 0, end: producerIdsEnd },
  ];
}

function topicRecords({ topicId, name, settings, configs, partitions }: TopicImage): readonly MetadataRecord[] {
  return [
    { type: 'topic-created', topicId, name, partitions: partitions.length, settings },
    { type: 'topic-configs-set', topicId, configs },
    { type: 'partitions-placed', topicId, first: 0, placements: partitions },
  ];
}

import type { TopicId } from '../../../model/ids.js';
import type { Kind } from './kind.js';
import { decodeTopicId, encodeTopicId } from './topic-id.js';

/** Who leads a partition, and since which leader epoch. */
export interface Placement {
  /** 0: nobody, as the topic was made without a broker. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

/** Partitions of a topic from `first` on. Bytes: id 16 · first u32 · u32, leader u32 and leader epoch u32 each. */
export interface PartitionsPlaced {
  readonly type: 'partitions-placed';
  readonly topicId: TopicId;
  readonly first: number;
  readonly placements: readonly Placement[];
}

export const partitionsPlaced: Kind<PartitionsPlaced> = {
  kind: 6,
  encode({ topicId, first, placements }, fields) {
    encodeTopicId(topicId, fields);
    fields.u32(first).u32(placements.length);
    for (const { leader, leaderEpoch } of placements) fields.u32(leader).u32(leaderEpoch);
  },
  decode(fields) {
    const topicId = decodeTopicId(fields);
    const first = fields.u32();
    const placements = fields.list(() => ({ leader: fields.u32(), leaderEpoch: fields.u32() }));
    return { type: 'partitions-placed', topicId, first, placements };
  },
};

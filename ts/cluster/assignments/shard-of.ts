import { type TopicId, topicIdBytes } from '../../model/ids.js';
import { crc32c } from '../../wire/records/crc32c.js';

/** The shard that a partition belongs to: as recovery has it, native/src/store/recover.rs. */
export function shardOf(topicId: TopicId, partition: number, shardsCount: number): number {
  return ((crc32c(topicIdBytes(topicId)) + partition) >>> 0) % shardsCount;
}

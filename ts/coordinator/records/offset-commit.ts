import type { CommittedOffset } from '../../model/group-requests.js';
import { topicIdBytes, topicIdOf } from '../../model/ids.js';
import { isOffset } from '../../model/offset.js';
import { BadField, type FieldReader, FieldWriter } from './fields.js';

// Kafka's OffsetCommitValue.
//
//   0  offset i64, metadata string, commit time i64
//   1  … and expiry time i64
//   2  as 0
//   3  offset i64, leader epoch i32, metadata string, commit time i64
//   4  as 3, flexible; tag 0: topic id, 16 bytes
//
// Written is the oldest that holds everything: 1 where a client asked for an expiry, 4 where the topic id is known, else 3.

const versionMax = 4;
const topicIdTag = 0;

export function encodeOffsetCommit(committed: CommittedOffset): Uint8Array {
  const { offset, leaderEpoch = -1, metadata, committedAtMs, expiresAtMs, topicId } = committed;
  if (expiresAtMs !== undefined)
    return new FieldWriter().i16(1).i64(offset).string(metadata).i64(committedAtMs).i64(expiresAtMs).bytes;
  if (topicId === undefined)
    return new FieldWriter().i16(3).i64(offset).i32(leaderEpoch).string(metadata).i64(committedAtMs).bytes;
  const head = new FieldWriter().i16(4).i64(offset).i32(leaderEpoch).compactString(metadata).i64(committedAtMs);
  return head.uvarint(1).uvarint(topicIdTag).uvarint(16).raw(topicIdBytes(topicId)).bytes;
}

export const offsetCommitIsFlexible = (version: number) => version >= 4;

/** What `reader` holds behind the version. */
export function readOffsetCommit(reader: FieldReader, version: number): CommittedOffset {
  if (version < 0 || version > versionMax) throw new BadField(`an offset commit of version ${version}`);
  const offset = reader.i64();
  if (!isOffset(offset)) throw new BadField(`offset ${offset}`);
  const leaderEpoch = version >= 3 ? reader.i32() : -1;
  const metadata = reader.string();
  const committedAtMs = reader.i64();
  const expiresAtMs = version === 1 ? reader.i64() : -1;
  const topicId = reader.tagged().get(topicIdTag);
  return {
    offset,
    leaderEpoch: known(leaderEpoch),
    metadata,
    committedAtMs,
    expiresAtMs: known(expiresAtMs),
    topicId: topicId && topicIdOf(topicId),
  };
}

const known = (value: number) => (value < 0 ? undefined : value);

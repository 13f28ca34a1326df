import type { LogRecord } from '../../model/group-ports.js';
import type { CommittedOffset } from '../../model/group-requests.js';
import { failed, ok, type Result } from '../../model/result.js';
import { BadField, FieldReader, FieldWriter } from './fields.js';
import { encodeGroupMetadata, type GroupMetadata, groupMetadataIsFlexible, readGroupMetadata } from './group-metadata.js';
import { encodeOffsetCommit, offsetCommitIsFlexible, readOffsetCommit } from './offset-commit.js';

// What lies in `__consumer_offsets`: Kafka's own formats, so that its tools read them. The version that begins a key says what
// the record is: 0 and 1 an offset, 2 a group; those above belong to newer kinds of groups.

export interface OffsetRecord {
  readonly kind: 'offset';
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** Undefined: it is gone. */
  readonly committed: CommittedOffset | undefined;
}

export interface MetadataRecord {
  readonly kind: 'group';
  readonly groupId: string;
  readonly metadata: GroupMetadata | undefined;
}

export type GroupRecord = OffsetRecord | MetadataRecord;

const offsetKey = 1;
const groupKey = 2;

export function encodeRecord(record: GroupRecord, timestampMs: number): LogRecord {
  if (record.kind === 'group') {
    const { groupId, metadata } = record;
    const key = new FieldWriter().i16(groupKey).string(groupId).bytes;
    return { key, value: metadata && encodeGroupMetadata(metadata), timestampMs };
  }
  const { groupId, topic, partition, committed } = record;
  const key = new FieldWriter().i16(offsetKey).string(groupId).string(topic).i32(partition).bytes;
  return { key, value: committed && encodeOffsetCommit(committed), timestampMs };
}

/** Undefined: of a kind that is not known here, which is passed over. An error says what is wrong with it. */
export function decodeRecord({ key, value }: LogRecord): Result<GroupRecord | undefined, string> {
  try {
    const reader = new FieldReader(key, false);
    const kind = reader.i16();
    if (kind < 0 || kind > groupKey) return ok(undefined);
    return ok(kind === groupKey ? readGroup(reader, value) : readOffset(reader, value));
  } catch (error) {
    if (error instanceof BadField) return failed(error.message);
    throw error;
  }
}

function readGroup(key: FieldReader, value: Uint8Array | undefined): MetadataRecord {
  const groupId = key.string();
  return { kind: 'group', groupId, metadata: value && versioned(value, groupMetadataIsFlexible, readGroupMetadata) };
}

function readOffset(key: FieldReader, value: Uint8Array | undefined): OffsetRecord {
  const groupId = key.string();
  const topic = key.string();
  const partition = key.i32();
  const committed = value && versioned(value, offsetCommitIsFlexible, readOffsetCommit);
  return { kind: 'offset', groupId, topic, partition, committed };
}

function versioned<T>(
  value: Uint8Array,
  isFlexible: (version: number) => boolean,
  read: (reader: FieldReader, version: number) => T,
): T {
  const version = new FieldReader(value, false).i16();
  return read(new FieldReader(value.subarray(2), isFlexible(version)), version);
}

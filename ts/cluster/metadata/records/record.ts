// All records, and how they stand one behind the other in an entry of the metadata log or in a snapshot of it:
//   per record: kind u16 · size u32 · bytes
// native/src/journal/metadata/records.rs is the twin. Kinds 1 to 4 are read by recovery too (native/src/store/topics/record.rs);
// from 256 on they are the consensus engine's. test/golden/metadata-records.txt holds the bytes of each kind.

import { failed, ok, type Result } from '../../../model/result.js';
import { type ClusterNamed, clusterNamed } from './cluster-named.js';
import { BadField, FieldReader, FieldWriter } from './fields.js';
import type { Kind } from './kind.js';
import { type NodeKnown, nodeKnown } from './node-known.js';
import { type NodeStarted, nodeStarted } from './node-started.js';
import { type PartitionsPlaced, partitionsPlaced } from './partitions-placed.js';
import { type ProducerIdsTaken, producerIdsTaken } from './producer-ids-taken.js';
import { type TopicConfigsSet, topicConfigsSet } from './topic-configs-set.js';
import { type TopicConfigured, topicConfigured } from './topic-configured.js';
import { type TopicCreated, topicCreated } from './topic-created.js';
import { type TopicDeleted, topicDeleted } from './topic-deleted.js';
import { type TopicGrown, topicGrown } from './topic-grown.js';

export type MetadataRecord =
  | TopicCreated
  | TopicGrown
  | TopicConfigured
  | TopicDeleted
  | TopicConfigsSet
  | PartitionsPlaced
  | NodeStarted
  | NodeKnown
  | ProducerIdsTaken
  | ClusterNamed;

type KindOf<T extends MetadataRecord['type']> = Kind<Extract<MetadataRecord, { type: T }>>;

const kinds: { readonly [T in MetadataRecord['type']]: KindOf<T> } = {
  'topic-created': topicCreated,
  'topic-grown': topicGrown,
  'topic-configured': topicConfigured,
  'topic-deleted': topicDeleted,
  'topic-configs-set': topicConfigsSet,
  'partitions-placed': partitionsPlaced,
  'node-started': nodeStarted,
  'node-known': nodeKnown,
  'producer-ids-taken': producerIdsTaken,
  'cluster-named': clusterNamed,
};

const byKind: ReadonlyMap<number, Kind<MetadataRecord>> = new Map(
  Object.values(kinds).map((kind) => [kind.kind, kind as Kind<MetadataRecord>]),
);

export interface UnreadableRecord {
  /** "newer": a later version wrote it. */
  readonly reason: 'newer' | 'corrupt';
  readonly message: string;
}

export function encodeRecords(records: readonly MetadataRecord[]): Uint8Array {
  const framed = new FieldWriter();
  for (const record of records) {
    const kind = kinds[record.type] as Kind<MetadataRecord>;
    const fields = new FieldWriter();
    kind.encode(record, fields);
    framed.u16(kind.kind).sized(fields.bytes);
  }
  return framed.bytes;
}

export function decodeRecords(bytes: Uint8Array): Result<readonly MetadataRecord[], UnreadableRecord> {
  const framed = new FieldReader(bytes);
  const records: MetadataRecord[] = [];
  try {
    while (framed.left > 0) {
      const number = framed.u16();
      const fields = new FieldReader(framed.sized());
      const kind = byKind.get(number);
      if (kind === undefined)
        return failed({ reason: 'newer', message: `metadata records of kind ${number} are of a newer version` });
      records.push(kind.decode(fields));
      if (fields.left > 0) throw new BadField(`a record of kind ${number} is longer than it should be`);
    }
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
    return failed({ reason: 'corrupt', message: `the metadata log: ${error.message}` });
  }
  return ok(records);
}

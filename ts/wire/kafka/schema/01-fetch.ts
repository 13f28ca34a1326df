import { api } from '../api.js';
import { int8, int16, int32, int64, list, records, rows, string, struct, topicId, uuid } from '../field.js';

// Reads batches, from the leader or a replica nearby; followers replicate with it. A session (from 7) repeats only what changed.
//
//   4   record batch v2, reads of committed records alone
//   5   the log start, both ways
//   7   sessions: topics that are left out are fetched on, those that are forgotten are not
//   9   leader epochs fence readers that look at old metadata
//   10  zstd
//   11  the rack of the reader, answered with a nearer replica
//   12  flexible; readers tell the epoch of what they read last and learn where histories part
//   13  topic ids instead of names
//   14  may be answered with "moved to tiered storage"
//   15  followers tell their epoch, in a tagged field instead of the replica id
//   16  answers name the new leader's address
//   17  the directory of a controller's replica
//   18  the high watermark that the reader knows

export const fetch = api({
  key: 1,
  name: 'Fetch',
  served: [4, 18],
  flexibleFrom: 12,
  request: {
    clusterId: string.since(12).nullable().tagged(0).default(null).ignorable(),
    replicaId: int32.upTo(14).default(-1),
    replicaState: struct({ replicaId: int32.default(-1), replicaEpoch: int64.default(-1) })
      .since(15)
      .tagged(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    isolationLevel: int8.default(0),
    sessionId: int32.since(7).ignorable(),
    sessionEpoch: int32.since(7).default(-1).ignorable(),
    topics: rows({
      topic: string.upTo(12).ignorable(),
      topicId: topicId.since(13).ignorable(),
      partitions: rows({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1).ignorable(),
        fetchOffset: int64,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.since(17).tagged(0).ignorable(),
        highWatermark: int64.since(18).tagged(1).default(Number.MAX_SAFE_INTEGER).ignorable(),
      }),
    }),
    forgottenTopicsData: rows({
      topic: string.upTo(12).ignorable(),
      topicId: topicId.since(13).ignorable(),
      partitions: list(int32),
    }).since(7),
    rackId: string.since(11).ignorable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(7).ignorable(),
    sessionId: int32.since(7),
    responses: rows({
      topic: string.upTo(12).ignorable(),
      topicId: topicId.since(13).ignorable(),
      partitions: rows({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64.default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        divergingEpoch: struct({ epoch: int32.default(-1), endOffset: int64.default(-1) })
          .since(12)
          .tagged(0),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(12)
          .tagged(1),
        snapshotId: struct({ endOffset: int64.default(-1), epoch: int32.default(-1) })
          .since(12)
          .tagged(2),
        abortedTransactions: rows({ producerId: int64, firstOffset: int64 }).nullable(),
        preferredReadReplica: int32.since(11).default(-1),
        records,
      }),
    }),
    nodeEndpoints: rows({ nodeId: int32, host: string, port: int32, rack: string.nullable().default(null) })
      .since(16)
      .tagged(0),
  },
});

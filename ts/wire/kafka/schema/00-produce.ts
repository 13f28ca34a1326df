import { api } from '../api.js';
import { int16, int32, int64, records, rows, string, struct, topicId } from '../field.js';

// Appends batches to partitions. With acks 0 there is no answer at all.
//
//   0–2  message sets, not served; advertised, because librdkafka compresses only where it sees version 0
//   3    record batch v2, and the transactional id that is authorised
//   4    may be answered with a storage error
//   5    the log start in answers, by which a producer tells lost sequences from deleted ones
//   7    zstd
//   8    answers name the records that condemned their batch
//   9    flexible
//   10   answers name the new leader, so that no Metadata need be asked
//   11   may be answered with "abort the transaction"
//   12   a transactional produce adds its partition to the transaction itself
//   13   topic ids instead of names

export const produce = api({
  key: 0,
  name: 'Produce',
  served: [3, 13],
  advertised: [0, 13],
  flexibleFrom: 9,
  request: {
    transactionalId: string.nullable().default(null),
    acks: int16,
    timeoutMs: int32,
    topicData: rows({
      name: string.upTo(12).ignorable(),
      topicId: topicId.since(13).ignorable(),
      partitionData: rows({ index: int32, records }),
    }),
  },
  response: {
    responses: rows({
      name: string.upTo(12).ignorable(),
      topicId: topicId.since(13).ignorable(),
      partitionResponses: rows({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: int64.default(-1),
        logStartOffset: int64.since(5).default(-1).ignorable(),
        recordErrors: rows({ batchIndex: int32, batchIndexErrorMessage: string.nullable().default(null) })
          .since(8)
          .ignorable(),
        errorMessage: string.since(8).nullable().default(null).ignorable(),
        currentLeader: struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })
          .since(10)
          .tagged(0),
      }),
    }),
    throttleTimeMs: int32.default(0),
    nodeEndpoints: rows({ nodeId: int32, host: string, port: int32, rack: string.nullable().default(null) })
      .since(10)
      .tagged(0),
  },
});

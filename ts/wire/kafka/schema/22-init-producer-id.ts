import { api } from '../api.js';
import { int16, int32, int64, string } from '../field.js';

// A producer id with an epoch, for idempotence or a transactional id. Kafka's version 6 is not stable yet.
//
//   1  a quota delays what comes after the answer
//   2  flexible
//   3  a producer that was fenced by mistake shows what it has
//   4  a fenced one has an error of its own
//   5  may be answered with "abort the transaction"

export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  served: [0, 5],
  flexibleFrom: 2,
  request: {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.since(3).default(-1),
    producerEpoch: int16.since(3).default(-1),
  },
  response: { throttleTimeMs: int32.default(0), errorCode: int16, producerId: int64.default(-1), producerEpoch: int16 },
});

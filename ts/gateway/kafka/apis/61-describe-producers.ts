import type { Failure, KnownProducer } from '../../../model/ports.js';
import type { Result } from '../../../model/result.js';
import type { Encodable } from '../../../wire/kafka/field.js';
import { describeProducers } from '../../../wire/kafka/schema/61-describe-producers.js';
import { distinctPartitions } from './distinct.js';
import { eachPartition } from './each-partition.js';
import { codeOf, messageOf, row } from './row.js';

type Response = Encodable<typeof describeProducers.response.fields>['topics'][number]['partitions'][number];

export const describeProducersRow = row(describeProducers, ({ verbs: { routing } }, { topics }, answer) => {
  const asked = distinctPartitions(topics.map(({ name, partitionIndexes: partitions }) => ({ name, partitions })));
  eachPartition(
    asked,
    ({ name }, partitionIndex, tell: (response: Response) => void) => {
      const told = (result: Result<readonly KnownProducer[], Failure>) => tell(responseOf(partitionIndex, result));
      const found = routing.find(name, partitionIndex);
      if (!found.ok) return told(found);
      const { calls, route } = found.value;
      calls.call<readonly KnownProducer[]>((port, done) => port.producers(route.handle, done), told);
    },
    (answers) => answer({ topics: asked.map(({ name }, index) => ({ name, partitions: answers[index] ?? [] })) }),
  );
});

/** No producer has a transaction, so none has a coordinator. */
function responseOf(partitionIndex: number, result: Result<readonly KnownProducer[], Failure>): Response {
  if (!result.ok) {
    return { partitionIndex, errorCode: codeOf(result.error), errorMessage: messageOf(result.error), activeProducers: [] };
  }
  const activeProducers = result.value.map(({ producerId, producerEpoch, lastSequence, timestampMs: lastTimestamp }) => {
    return { producerId, producerEpoch, lastSequence, lastTimestamp, coordinatorEpoch: -1 };
  });
  return { partitionIndex, errorCode: 0, activeProducers };
}

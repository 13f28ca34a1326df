import type { PartitionRoute } from '../../../model/ports.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';

/** A partition as clients are told of it. One whose files could not be opened is led by nobody until they can. */
export function partitionRow({ partition, leaderEpoch, handle }: PartitionRoute, nodeId: number) {
  const isServed = handle >= 0;
  return {
    errorCode: isServed ? 0 : kafkaErrors.LEADER_NOT_AVAILABLE.code,
    partitionIndex: partition,
    leaderId: isServed ? nodeId : -1,
    leaderEpoch,
    replicaNodes: [nodeId],
    isrNodes: isServed ? [nodeId] : [],
    offlineReplicas: isServed ? [] : [nodeId],
  };
}

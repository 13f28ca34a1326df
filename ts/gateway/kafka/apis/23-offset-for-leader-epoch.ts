import type { Failure } from '../../../model/ports.js';
import type { Result } from '../../../model/result.js';
import type { Encodable } from '../../../wire/kafka/field.js';
import { offsetForLeaderEpoch } from '../../../wire/kafka/schema/23-offset-for-leader-epoch.js';
import { type EpochEnd, endOfEpoch } from '../../verbs/end-of-epoch.js';
import { eachPartition } from './each-partition.js';
import { epochRefusal } from './epochs.js';
import { codeOf, row } from './row.js';

export const offsetForLeaderEpochRow = row(offsetForLeaderEpoch, ({ verbs }, { topics }, answer) => {
  eachPartition(
    topics,
    ({ topic }, { partition, currentLeaderEpoch, leaderEpoch }, tell: (response: Response) => void) => {
      const found = verbs.routing.find(topic, partition);
      if (!found.ok) return tell({ partition, errorCode: codeOf(found.error) });
      const refusal = epochRefusal({ asked: currentLeaderEpoch, known: found.value.route.leaderEpoch });
      if (refusal !== 0) return tell({ partition, errorCode: refusal });
      endOfEpoch(found.value, leaderEpoch, (result) => tell(responseOf(partition, result)));
    },
    (answers) => answer({ topics: topics.map(({ topic }, index) => ({ topic, partitions: answers[index] ?? [] })) }),
  );
});

type Response = Encodable<typeof offsetForLeaderEpoch.response.fields>['topics'][number]['partitions'][number];

function responseOf(partition: number, result: Result<EpochEnd | undefined, Failure>): Response {
  if (!result.ok) return { partition, errorCode: codeOf(result.error) };
  // Without an epoch and an end: nothing is known of the one asked for.
  if (result.value === undefined) return { partition, errorCode: 0 };
  return { partition, errorCode: 0, leaderEpoch: result.value.leaderEpoch, endOffset: result.value.end };
}

import { type Offset, offset as offsetOf } from '../../../model/offset.js';
import type { Failure } from '../../../model/ports.js';
import { failed, type Result } from '../../../model/result.js';
import type { Encodable } from '../../../wire/kafka/field.js';
import { deleteRecords } from '../../../wire/kafka/schema/21-delete-records.js';
import { deleteRecords as deleteRecordsVerb } from '../../verbs/delete-records.js';
import { eachPartition } from './each-partition.js';
import { codeOf, row } from './row.js';

/** In place of an offset: all that there is. */
const everything = -1;

type Response = Encodable<typeof deleteRecords.response.fields>['topics'][number]['partitions'][number];

export const deleteRecordsRow = row(deleteRecords, ({ verbs }, { topics }, answer) => {
  eachPartition(
    topics,
    ({ name }, { partitionIndex, offset }, tell: (response: Response) => void) => {
      const told = (result: Result<Offset, Failure>) =>
        tell({
          partitionIndex,
          lowWatermark: result.ok ? result.value : -1,
          errorCode: result.ok ? 0 : codeOf(result.error),
        });
      if (offset < everything) return told(failed({ error: 'offset-out-of-range' }));
      const before = offset === everything ? undefined : offsetOf(offset);
      deleteRecordsVerb(verbs.routing, { topic: name, partition: partitionIndex, before }, told);
    },
    (answers) => answer({ topics: topics.map(({ name }, index) => ({ name, partitions: answers[index] ?? [] })) }),
  );
});

import { offsetDelete } from '../../../wire/kafka/schema/47-offset-delete.js';
import { deleteOffsets } from '../../verbs/delete-offsets.js';
import { groupCode } from './group-codes.js';
import { row } from './row.js';

export const offsetDeleteRow = row(offsetDelete, ({ verbs }, { groupId, topics }, answer) => {
  const asked = topics.map(({ name, partitions }) => ({
    name,
    topicId: undefined,
    partitions: partitions.map(({ partitionIndex }) => ({ partition: partitionIndex })),
  }));
  deleteOffsets(verbs, { groupId, topics: asked }, (deleted) => {
    if (!deleted.ok) {
      answer({ errorCode: groupCode(deleted.error.error), topics: [] });
      return;
    }
    const outcomes = asked.map(({ name, partitions }, at) => ({
      name,
      partitions: partitions.map(({ partition }, index) => {
        return { partitionIndex: partition, errorCode: groupCode(deleted.value[at]?.[index]) };
      }),
    }));
    answer({ errorCode: 0, topics: outcomes });
  });
});

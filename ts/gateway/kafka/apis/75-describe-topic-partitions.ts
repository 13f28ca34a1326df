import { isInternalTopic } from '../../../model/internal-topics.js';
import type { TopicRoute } from '../../../model/ports.js';
import { nameFault } from '../../../model/topic-name.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { type Decoded, type Encodable, noTopicId } from '../../../wire/kafka/field.js';
import { describeTopicPartitions } from '../../../wire/kafka/schema/75-describe-topic-partitions.js';
import type { Routing } from '../../routing.js';
import { onTopic } from './authorized.js';
import { partitionRow } from './partitions.js';
import { codeOf, row } from './row.js';

type Request = Decoded<typeof describeTopicPartitions.request.fields>;
type Response = Encodable<typeof describeTopicPartitions.response.fields>;
type Topic = Response['topics'][number];

/** Of one answer, whatever was asked for. */
const partitionsMax = 2000;

export const describeTopicPartitionsRow = row(describeTopicPartitions, ({ verbs }, request, answer) => {
  answer(pageOf(verbs.routing, request));
});

/** Topics by name from the cursor on, until the answer has as many partitions as it may. */
function pageOf(routing: Routing, { topics: asked, cursor, responsePartitionLimit }: Request): Response {
  const all = asked.length === 0 ? [...routing.view.topics()] : asked;
  const names = [...new Set(all.map(({ name }) => name))].sort();
  if (cursor !== null && asked.length > 0 && !names.includes(cursor.topicName)) {
    return { topics: names.map((name) => withoutPartitions(name, kafkaErrors.INVALID_REQUEST.code)) };
  }
  const topics: Topic[] = [];
  let left = Math.max(1, Math.min(partitionsMax, responsePartitionLimit));
  for (const name of cursor === null ? names : names.filter((each) => each >= cursor.topicName)) {
    const first = name === cursor?.topicName ? Math.max(0, cursor.partitionIndex) : 0;
    if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
    const topic = routing.topic(name);
    if (topic === undefined) {
      topics.push(withoutPartitions(name, absenceCode(name)));
      continue;
    }
    const partitions = topic.partitions.slice(first, first + left);
    topics.push(withPartitions({ ...topic, partitions }, routing.view.nodeId));
    left -= partitions.length;
    const next = first + partitions.length;
    if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } };
  }
  return { topics };
}

function absenceCode(name: string): number {
  const isPossible = isInternalTopic(name) || nameFault(name) === undefined;
  return codeOf({ error: isPossible ? 'unknown-topic' : 'invalid-topic' });
}

function withPartitions({ name, topicId, partitions }: TopicRoute, nodeId: number): Topic {
  return {
    errorCode: 0,
    name,
    topicId,
    isInternal: isInternalTopic(name),
    partitions: partitions.map((route) => ({ ...partitionRow(route, nodeId), eligibleLeaderReplicas: [], lastKnownElr: [] })),
    topicAuthorizedOperations: onTopic,
  };
}

function withoutPartitions(name: string, errorCode: number): Topic {
  return { errorCode, name, topicId: noTopicId, isInternal: isInternalTopic(name), partitions: [] };
}

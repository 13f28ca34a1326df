import type { TopicId } from '../../../model/ids.js';
import { isInternalTopic } from '../../../model/internal-topics.js';
import type { Failure, TopicRoute } from '../../../model/ports.js';
import { noTopicId } from '../../../wire/kafka/field.js';
import { metadata } from '../../../wire/kafka/schema/03-metadata.js';
import { codeOf, type Exchange, row } from './row.js';

/** A topic that is there, or why it is not. */
interface Wanted {
  readonly name: string | null;
  readonly topicId: TopicId;
  readonly found: TopicRoute | Failure;
}

export const metadataRow = row(metadata, (exchange, request, answer, version) => {
  const { routing } = exchange.verbs;
  const { nodeId, clusterId } = routing.view;
  const { host, port } = exchange.advertised;
  const tell = (wanted: readonly Wanted[]) =>
    answer({
      brokers: [{ nodeId, host, port }],
      clusterId,
      controllerId: nodeId,
      topics: wanted.map((each) => topicRow(each, nodeId)),
    });
  // Version 0 has no null, and asks with an empty list for all.
  if (request.topics === null || (version === 0 && request.topics.length === 0)) {
    tell([...routing.view.topics()].map((topic) => ({ name: topic.name, topicId: topic.topicId, found: topic })));
    return;
  }
  find(exchange, request.topics, request.allowAutoTopicCreation, tell);
});

interface Asked {
  readonly topicId: TopicId;
  readonly name: string | null;
}

/** Each on its own: one that cannot be had hides no other. */
function find(
  { verbs: { routing, missing } }: Exchange,
  asked: readonly Asked[],
  createsMissing: boolean,
  done: (wanted: readonly Wanted[]) => void,
): void {
  const wanted: Wanted[] = [];
  let waiting = 1;
  const arrived = () => {
    waiting -= 1;
    if (waiting === 0) done(wanted);
  };
  for (const [index, { name, topicId }] of asked.entries()) {
    if (name === null) {
      const topic = routing.view.topicById(topicId);
      wanted[index] = { name: topic?.name ?? null, topicId, found: topic ?? { error: 'stale-topic-id' } };
      continue;
    }
    const look = (failure?: Failure) => {
      const topic = routing.topic(name);
      wanted[index] = { name, topicId: noTopicId, found: topic ?? failure ?? { error: 'unknown-topic' } };
    };
    if (!createsMissing || !missing.isMissing(name)) {
      look();
      continue;
    }
    waiting += 1;
    const refusal = missing.ensure(name, (failure) => {
      look(failure);
      arrived();
    });
    if (refusal === undefined) continue;
    look(refusal);
    waiting -= 1;
  }
  arrived();
}

function topicRow({ name, topicId, found }: Wanted, nodeId: number) {
  if ('error' in found) return { errorCode: codeOf(found), name, topicId, isInternal: false, partitions: [] };
  const partitions = found.partitions.map(({ partition, leaderEpoch, handle }) => ({
    // A partition whose files could not be opened is led by nobody until then.
    errorCode: handle < 0 ? leaderNotAvailable : 0,
    partitionIndex: partition,
    leaderId: handle < 0 ? -1 : nodeId,
    leaderEpoch,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
    offlineReplicas: handle < 0 ? [nodeId] : [],
  }));
  return { errorCode: 0, name: found.name, topicId: found.topicId, isInternal: isInternalTopic(found.name), partitions };
}

const leaderNotAvailable = 5;

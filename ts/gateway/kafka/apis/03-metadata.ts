import type { TopicId } from '../../../model/ids.js';
import { isInternalTopic } from '../../../model/internal-topics.js';
import type { Failure, TopicRoute } from '../../../model/ports.js';
import { nameFault } from '../../../model/topic-name.js';
import { noTopicId } from '../../../wire/kafka/field.js';
import { metadata } from '../../../wire/kafka/schema/03-metadata.js';
import { onCluster, onTopic } from './authorized.js';
import { distinct } from './distinct.js';
import { partitionRow } from './partitions.js';
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
  const operations = request.includeTopicAuthorizedOperations ? onTopic : undefined;
  const tell = (wanted: readonly Wanted[]) =>
    answer({
      brokers: [{ nodeId, host, port }],
      clusterId,
      controllerId: nodeId,
      topics: wanted.map((each) => ({ ...topicRow(each, nodeId, version), topicAuthorizedOperations: operations })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? onCluster : undefined,
    });
  // Version 0 has no null, and asks with an empty list for all.
  if (request.topics === null || (version === 0 && request.topics.length === 0)) {
    tell([...routing.view.topics()].map((topic) => ({ name: topic.name, topicId: topic.topicId, found: topic })));
    return;
  }
  const asked = distinct(request.topics, ({ name, topicId }) => `${topicId} ${name}`);
  find(exchange, asked, request.allowAutoTopicCreation, tell);
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
    // Clients leave the name empty rather than null where they ask by id.
    if (name === null || topicId !== noTopicId) {
      const topic = routing.view.topicById(topicId);
      wanted[index] = { name: topic?.name ?? null, topicId, found: topic ?? noTopicOf(topicId) };
      continue;
    }
    const look = (failure?: Failure) => {
      const topic = routing.topic(name);
      wanted[index] = { name, topicId: noTopicId, found: topic ?? failure ?? noTopicNamed(name) };
    };
    if (!createsMissing || isInternalTopic(name) || !missing.isMissing(name)) {
      look();
      continue;
    }
    waiting += 1;
    const refusal = missing.ensure(name, (failure) => {
      look(failure);
      arrived();
    });
    if (refusal === undefined) continue;
    look(refusal.error === 'unknown-topic' ? undefined : refusal);
    waiting -= 1;
  }
  arrived();
}

function noTopicOf(topicId: TopicId): Failure {
  return topicId === noTopicId ? { error: 'invalid-request' } : { error: 'stale-topic-id' };
}

/** A client that waits for a topic to come does not wait for one that never can. */
function noTopicNamed(name: string): Failure {
  const isPossible = isInternalTopic(name) || nameFault(name) === undefined;
  return { error: isPossible ? 'unknown-topic' : 'invalid-topic' };
}

/** The first version in which a topic may have no name. */
const namelessFrom = 12;

function topicRow({ name, topicId, found }: Wanted, nodeId: number, version: number) {
  if ('error' in found) {
    const known = name ?? (version < namelessFrom ? '' : null);
    return { errorCode: codeOf(found), name: known, topicId, isInternal: isInternalTopic(name ?? ''), partitions: [] };
  }
  const partitions = found.partitions.map((route) => partitionRow(route, nodeId));
  return { errorCode: 0, name: found.name, topicId: found.topicId, isInternal: isInternalTopic(found.name), partitions };
}

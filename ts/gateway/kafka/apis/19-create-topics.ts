import type { Assignments, NewTopic, TopicRoute } from '../../../model/ports.js';
import { failed, ok, type Result } from '../../../model/result.js';
import { checkTopicConfigs } from '../../../model/topic-config.js';
import type { Decoded } from '../../../wire/kafka/field.js';
import { noTopicId } from '../../../wire/kafka/field.js';
import { createTopics } from '../../../wire/kafka/schema/19-create-topics.js';
import { topicEntries } from './config-entries.js';
import { distinct } from './distinct.js';
import { done, type Outcome, outcomeOf, refused, repeated } from './refusal.js';
import { type Exchange, row } from './row.js';

type Request = Decoded<typeof createTopics.request.fields>;
type Wanted = Request['topics'][number];

export const createTopicsRow = row(createTopics, ({ verbs }, { topics, validateOnly }, answer) => {
  const twice = repeated(topics.map(({ name }) => name));
  const created = distinct(topics, ({ name }) => name).map(async (wanted) => {
    const { name } = wanted;
    if (twice.has(name)) return { name, ...refused('INVALID_REQUEST', 'the request names this topic twice') };
    const topic = newTopicOf(wanted);
    if (!topic.ok) return { name, ...topic.error };
    const result = await verbs.commands.createTopic(topic.value, validateOnly);
    if (!result.ok) return { name, ...outcomeOf(result.error) };
    return { name, ...done, ...descriptionOf(verbs, result.value, topic.value, validateOnly) };
  });
  void Promise.all(created).then((results) => answer({ topics: results.map(withoutConfigs) }));
});

/** What is not told is null, not an empty list: nothing is known of it. */
function withoutConfigs<T extends { readonly name: string } & Outcome>(result: T) {
  return { configs: null, ...result };
}

/** A topic that was only thought of has no id. */
function descriptionOf(
  { limits }: Exchange['verbs'],
  { topicId, partitions }: TopicRoute,
  { assignments, configs }: NewTopic,
  validateOnly: boolean,
) {
  const stored = checkTopicConfigs(configs, limits);
  return {
    topicId: validateOnly ? noTopicId : topicId,
    numPartitions: partitions.length,
    replicationFactor: assignments?.[0]?.length ?? 1,
    configs: topicEntries(stored.ok ? stored.value : {}),
  };
}

function newTopicOf(wanted: Wanted): Result<NewTopic, Outcome> {
  const { name, numPartitions, replicationFactor } = wanted;
  const configs = configsOf(wanted);
  if (!configs.ok) return configs;
  if (wanted.assignments.length === 0) {
    return ok({
      name,
      configs: configs.value,
      ...(numPartitions === -1 ? {} : { partitions: numPartitions }),
      ...(replicationFactor === -1 ? {} : { replicationFactor }),
    });
  }
  if (numPartitions !== -1 || replicationFactor !== -1) {
    return failed(refused('INVALID_REQUEST', 'with assignments, the counts of partitions and replicas are -1'));
  }
  const assignments = assignmentsOf(wanted);
  return assignments.ok ? ok({ name, configs: configs.value, assignments: assignments.value }) : assignments;
}

function configsOf({ configs }: Wanted): Result<Readonly<Record<string, string>>, Outcome> {
  const empty = configs.find(({ value }) => value === null);
  if (empty !== undefined) return failed(refused('INVALID_CONFIG', `${empty.name} has no value`));
  return ok(Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])));
}

/** In the order of partitions, which all have to be there. */
function assignmentsOf({ assignments }: Wanted): Result<Assignments, Outcome> {
  const byPartition: (readonly number[])[] = [];
  for (const { partitionIndex, brokerIds } of [...assignments].sort((one, other) => one.partitionIndex - other.partitionIndex)) {
    if (partitionIndex !== byPartition.length) {
      return failed(refused('INVALID_REPLICA_ASSIGNMENT', 'assignments are for partitions 0, 1, 2 and so on, each once'));
    }
    byPartition.push(brokerIds);
  }
  return ok(byPartition);
}

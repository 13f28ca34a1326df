import { suggestion } from '../../model/nearest.js';
import { type Client, MillraceError, type TopicDescription, UnknownTopicError } from '../../sdk/node/index.js';

/** A topic that is there; else an error that names the nearest one. */
export async function existingTopic(client: Client, name: string): Promise<TopicDescription> {
  const [topic] = await client.admin.listTopics([name]);
  if (topic !== undefined) return topic;
  throw await unknownTopic(client, name);
}

/** As `existingTopic`, but the node makes it if it is allowed to. */
export async function wantedTopic(client: Client, name: string): Promise<TopicDescription> {
  const topic = await client.admin.ensureTopic(name);
  if (topic !== undefined) return topic;
  throw await unknownTopic(client, name);
}

/** Whatever fails because a topic is unknown says which one may be meant. */
export async function namingTopic<T>(client: Client, name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'unknown-topic') throw await unknownTopic(client, name);
    throw error;
  }
}

async function unknownTopic(client: Client, name: string): Promise<MillraceError> {
  const others = await client.admin.listTopics();
  const near = suggestion(
    name,
    others.map((topic) => topic.name),
  );
  const next = `millrace topic create ${name} makes it, millrace topic list shows all`;
  return new UnknownTopicError('unknown-topic', `there is no topic ${name}${near === '' ? `; ${next}` : `${near} (${next})`}`);
}

/** Of a topic that has so many: a number that is one of them. */
export function checkedPartition(topic: TopicDescription, partition: number): number {
  const { length } = topic.partitions;
  if (partition < length) return partition;
  const range = length === 1 ? '0 is the only one' : `0 to ${length - 1} are there`;
  throw new UnknownTopicError('unknown-partition', `topic ${topic.name} has no partition ${partition}: ${range}`);
}

import { errors } from '../../../model/errors.js';
import { groupErrors } from '../../../model/group-errors.js';
import type { TopicId } from '../../../model/ids.js';
import { noTopicId } from '../../../wire/kafka/field.js';
import type { NamedTopic } from '../../verbs/named-topic.js';
import type { PartitionError } from '../../verbs/partition-requests.js';

/** Kafka's code for what a coordinator, or whoever asked it, refuses. */
export function groupCode(error: PartitionError): number {
  if (error === undefined) return 0;
  return error in groupErrors
    ? groupErrors[error as keyof typeof groupErrors]
    : errors[error as Exclude<typeof error, keyof typeof groupErrors>].kafka;
}

/** Versions from `idsFrom` on name topics by their ids. */
export function namedIn(
  { name, topicId }: { readonly name: string; readonly topicId: TopicId },
  version: number,
  idsFrom: number,
): NamedTopic {
  return { name, topicId: version < idsFrom ? undefined : topicId };
}

/** For versions that have no ids it is left out again. */
export function nameOut({ name, topicId = noTopicId }: NamedTopic): { readonly name: string; readonly topicId: TopicId } {
  return { name, topicId };
}

/** As Kafka shows it: Java writes an address behind a slash. */
export function shownHost(clientHost: string): string {
  return `/${clientHost}`;
}

/** Of one that has none, nothing. */
export function orUndefined<T>(value: T | null): T | undefined {
  return value ?? undefined;
}

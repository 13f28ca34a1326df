import { BadField, FieldReader } from '../records/fields.js';
import type { Group } from './group.js';
import { metadataOf } from './members.js';

// The one place that looks into what members say of themselves, and only for the protocol type of plain consumers. The head of
// their subscription has been the same in all versions: version i16, topics [string].

const consumerType = 'consumer';

/**
 * Is some member subscribed to the topic? Where that cannot be told (members of a consumer group whose subscription cannot be read,
 * or that have not agreed on a protocol yet) it is taken for granted: what depends on it here is the deletion of offsets.
 */
export function isSubscribed(group: Group): (topic: string) => boolean {
  if (!isConsumerGroup(group)) return () => false;
  const topics = subscribedTopics(group);
  return topics === undefined ? () => true : (topic) => topics.has(topic);
}

export function isConsumerGroup({ protocolType }: Group): boolean {
  return protocolType === consumerType;
}

function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  const topics = new Set<string>();
  for (const member of group.members) {
    if (!member.protocols.some(({ name }) => name === group.protocolName)) return undefined;
    const subscription = topicsOf(metadataOf(member, group.protocolName));
    if (subscription === undefined) return undefined;
    for (const topic of subscription) topics.add(topic);
  }
  return topics;
}

/** Undefined: these bytes are no subscription. */
function topicsOf(metadata: Uint8Array): readonly string[] | undefined {
  try {
    const reader = new FieldReader(metadata, false);
    if (reader.i16() < 0) return undefined;
    return reader.list(() => reader.string());
  } catch (error) {
    if (error instanceof BadField) return undefined;
    throw error;
  }
}

/** 32 hexadecimal digits. Never used again, whatever becomes of the topic. */
export type TopicId = string & { readonly brand: 'topic-id' };

const pattern = /^[0-9a-f]{32}$/;

export function isTopicId(value: string): value is TopicId {
  return pattern.test(value);
}

export function topicIdOf(bytes: Uint8Array): TopicId | undefined {
  if (bytes.length !== 16) return undefined;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') as TopicId;
}

export function topicIdBytes(id: TopicId): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(id.slice(index * 2, index * 2 + 2), 16));
}

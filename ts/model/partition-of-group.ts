/**
 * Which partition of `__consumer_offsets` holds a group: Kafka's own rule, the hash that Java gives a string, so that tools that
 * look there find it.
 */
export function partitionOfGroup(groupId: string, partitionsCount: number): number {
  const hash = javaStringHash(groupId);
  // Java's smallest integer has no positive twin; Kafka takes zero for it.
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitionsCount;
}

function javaStringHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

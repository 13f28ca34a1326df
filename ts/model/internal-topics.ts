/** Where groups keep what they must not forget. */
export const offsetsTopic = '__consumer_offsets';

const names: ReadonlySet<string> = new Set([offsetsTopic, '__transaction_state', '__share_group_state', '__cluster_metadata']);

/** Topics that the cluster makes for itself: clients may read them, nothing else. */
export function isInternalTopic(name: string): boolean {
  return names.has(name);
}

/** Why a group's coordinator refuses, by Kafka's names, with the codes of Kafka's protocol: clients of both doors act on them. */
export const groupErrors = {
  'unknown-server-error': -1,
  'offset-out-of-range': 1,
  'offset-metadata-too-large': 12,
  'coordinator-load-in-progress': 14,
  'coordinator-not-available': 15,
  'not-coordinator': 16,
  'illegal-generation': 22,
  'inconsistent-group-protocol': 23,
  'invalid-group-id': 24,
  'unknown-member-id': 25,
  'invalid-session-timeout': 26,
  'rebalance-in-progress': 27,
  'invalid-commit-offset-size': 28,
  'policy-violation': 44,
  'non-empty-group': 68,
  'group-id-not-found': 69,
  'member-id-required': 79,
  'group-max-size-reached': 81,
  'fenced-instance-id': 82,
  'group-subscribed-to-topic': 86,
} as const satisfies Readonly<Record<string, number>>;

export type GroupError = keyof typeof groupErrors;

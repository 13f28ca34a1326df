import { type CoordinatorSettings, coordinatorDefaults } from '../coordinator/settings.js';
import type { BrokerConfig } from '../model/broker-config.js';
import type { NewTopic } from '../model/ports.js';

/** Of one partition's groups. */
const sizeMaxMin = 4 << 20;

/** What the node's settings come to for the coordinators of groups. */
export function coordinatorSettings(config: BrokerConfig): CoordinatorSettings {
  const { group } = coordinatorDefaults;
  const recordSizeMax = config['message-size-max'];
  return {
    ...coordinatorDefaults,
    group: {
      ...group,
      sessionTimeoutMsMin: config['group.min.session.timeout.ms'],
      sessionTimeoutMsMax: config['group.max.session.timeout.ms'],
      initialRebalanceDelayMs: config['group.initial.rebalance.delay.ms'],
      membersMax: config['group.max.size'],
      // A group is one record, and what is counted of it is counted in characters: it has to fit into a batch all the same.
      groupSizeMax: Math.min(group.groupSizeMax, recordSizeMax / 4),
      offsetMetadataMax: config['offset.metadata.max.bytes'],
      offsetsRetentionMs: config['offsets.retention.minutes'] * 60_000,
    },
    // One of them may be asked for what others are not, but not all of them for as much.
    sizeMax: Math.max(coordinatorDefaults.sizeMax / config['offsets.topic.num.partitions'], sizeMaxMin),
    sweepIntervalMs: config['offsets.retention.check.interval.ms'],
  };
}

/** As Kafka shows it. What it holds goes by rewriting, never by age. */
export function offsetsTopicSettings(config: BrokerConfig): Pick<NewTopic, 'partitions' | 'configs'> {
  return {
    partitions: config['offsets.topic.num.partitions'],
    configs: {
      'cleanup.policy': 'compact',
      'segment.bytes': String(config['offsets.topic.segment.bytes']),
      'max.message.bytes': String(config['message-size-max']),
    },
  };
}

import type { TopicDescription } from '../../sdk/node/index.js';
import { clientOptions, jsonOption } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { parseRecord } from '../client/pairs.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'Creates a topic',
  example: 'millrace topic create orders --partitions 4 --config retention.ms=86400000',
  positionals: [{ name: 'NAME', help: '1 to 249 letters, digits, dots, dashes and underscores' }],
  options: {
    partitions: { kind: 'count', value: 'N', min: 1, max: 100_000, help: 'how many (default: as the node is configured)' },
    'replication-factor': {
      kind: 'count',
      value: 'N',
      min: 1,
      max: 1_000,
      help: 'nodes that hold each partition (default: as the node is configured)',
    },
    config: {
      kind: 'list',
      value: 'k=v',
      help: "a setting, by Kafka's names, or durability=fsync/replicated: docs/generated/topic-configs.md",
    },
    ...jsonOption,
    ...clientOptions,
  },
  run({ options, positionals: [name = ''] }, terminal) {
    const { partitions, 'replication-factor': replicationFactor } = options;
    const configs = parseRecord('config', options.config);
    const wanted = {
      ...(partitions !== undefined && { partitions }),
      ...(replicationFactor !== undefined && { replicationFactor }),
      configs,
    };
    return withClient(options.bootstrap, terminal, async (client) => {
      const topic = await client.admin.createTopic(name, wanted);
      terminal.out(options.json ? `${JSON.stringify(topic)}\n` : `created ${sentence(topic)}\n`);
      return 'done';
    });
  },
});

function sentence({ name, partitions, durability }: TopicDescription): string {
  const replicas = partitions[0]?.replicas.length ?? 1;
  return `${name}: ${partitions.length} partition${partitions.length === 1 ? '' : 's'}, replication factor ${replicas}, durability ${durability}`;
}

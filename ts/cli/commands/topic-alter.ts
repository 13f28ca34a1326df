import { clientOptions, jsonOption } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { parseRecord } from '../client/pairs.js';
import { namingTopic } from '../client/topics.js';
import { defineCommand } from '../command.js';
import { UsageError } from '../usage-error.js';

export const command = defineCommand({
  summary: 'Changes the settings of a topic, or gives it more partitions',
  example: 'millrace topic alter orders --config retention.ms=3600000 --reset segment.bytes',
  positionals: [{ name: 'NAME', help: 'the topic' }],
  options: {
    config: { kind: 'list', value: 'k=v', help: "a setting, by Kafka's names, or durability=fsync/replicated" },
    reset: { kind: 'list', value: 'k', help: 'a setting that goes back to its default' },
    partitions: {
      kind: 'count',
      value: 'N',
      min: 1,
      max: 100_000,
      help: 'how many it has in the end, which can only grow; keys go to other partitions from then on',
    },
    ...jsonOption,
    ...clientOptions,
  },
  run({ options, positionals: [name = ''] }, terminal) {
    const { partitions, reset } = options;
    const set = parseRecord('config', options.config);
    const twice = reset.find((key) => Object.hasOwn(set, key));
    if (twice !== undefined) throw new UsageError(`${twice} is to be set and to be reset`);
    const changes = { ...set, ...Object.fromEntries(reset.map((key) => [key, null])) };
    const changed = Object.keys(changes);
    if (changed.length === 0 && partitions === undefined) {
      throw new UsageError('nothing to change: --config k=v, --reset k or --partitions N is missing');
    }
    return withClient(options.bootstrap, terminal, (client) =>
      namingTopic(client, name, async () => {
        // All is checked before anything is changed.
        if (partitions !== undefined) await client.admin.addPartitions(name, partitions, { validateOnly: true });
        if (changed.length > 0) await client.admin.alterTopic(name, changes);
        if (partitions !== undefined) await client.admin.addPartitions(name, partitions);
        const [topic] = await client.admin.listTopics([name]);
        const done = [...changed, ...(partitions === undefined ? [] : [`${partitions} partitions`])].join(', ');
        terminal.out(options.json ? `${JSON.stringify(topic ?? null)}\n` : `altered ${name}: ${done}\n`);
        return 'done' as const;
      }),
    );
  },
});

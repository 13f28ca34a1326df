import type { TopicDetails } from '../../sdk/node/index.js';
import { checkTableOptions, clientOptions, tableOptions } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { columns, plainRows, sizeText } from '../client/columns.js';
import { existingTopic } from '../client/topics.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'Shows a topic: its partitions with offsets and sizes, and its settings',
  example: 'millrace topic describe orders',
  positionals: [{ name: 'NAME', help: 'the topic' }],
  options: {
    all: { kind: 'flag', help: 'settings that have their default, too' },
    ...tableOptions,
    ...clientOptions,
  },
  run({ options, positionals: [name = ''] }, terminal) {
    checkTableOptions(options);
    return withClient(options.bootstrap, terminal, async (client) => {
      await existingTopic(client, name);
      const topic = await client.admin.describeTopic(name);
      const shown = () => (options.plain ? plainRows(partitionRows(topic)) : page(topic, options.all));
      terminal.out(options.json ? `${JSON.stringify(jsonOf(topic))}\n` : shown());
      return 'done';
    });
  },
});

/** Partitions with what they hold, in one list. */
function jsonOf({ usage, ...topic }: TopicDetails) {
  const partitions = topic.partitions.map((partition) => {
    return { ...partition, ...usage.find((row) => row.partition === partition.partition) };
  });
  return { ...topic, partitions };
}

function page(topic: TopicDetails, isAll: boolean): string {
  const { name, topicId, durability, configs } = topic;
  const shown = configs.filter(({ source }) => isAll || source !== 'default');
  const rows = shown.map(({ name: config, value, source = '' }) => [config, value, source]);
  const head = `topic ${name}, id ${topicId}, durability ${durability}\n`;
  const settings = rows.length === 0 ? '' : `\n${columns(['setting', 'value', 'from'], rows)}`;
  return `${head}\n${partitionTable(topic)}${settings}`;
}

function partitionTable(topic: TopicDetails): string {
  const heading = ['partition', 'leader', 'epoch', 'replicas', 'in sync', 'log start', 'high watermark', 'segments', 'size'];
  return columns(
    heading,
    partitionRows(topic).map((row) => [...row.slice(0, -1), sizeText(Number(row.at(-1)))]),
  );
}

/** Sizes in bytes. */
function partitionRows({ partitions, usage }: TopicDetails): readonly (readonly (string | number)[])[] {
  return partitions.map(({ partition, leaderId, leaderEpoch, replicas, inSyncReplicas }) => {
    const {
      logStartOffset = 0,
      highWatermark = 0,
      segments = 0,
      size = 0,
    } = usage.find((row) => row.partition === partition) ?? {};
    const placed = [partition, leaderId, leaderEpoch, replicas.join(','), inSyncReplicas.join(',')];
    return [...placed, logStartOffset, highWatermark, segments, size];
  });
}

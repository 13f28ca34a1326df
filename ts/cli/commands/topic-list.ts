import { checkTableOptions, clientOptions, tableOptions } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { columns, plainRows } from '../client/columns.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'Lists all topics',
  example: 'millrace topic list --json',
  options: { ...tableOptions, ...clientOptions },
  run({ options }, terminal) {
    checkTableOptions(options);
    return withClient(options.bootstrap, terminal, async (client) => {
      const topics = [...(await client.admin.listTopics())].sort((a, b) => (a.name < b.name ? -1 : 1));
      const rows = topics.map(({ name, partitions, durability }) => {
        return [name, partitions.length, partitions[0]?.replicas.length ?? 1, durability];
      });
      const heading = ['topic', 'partitions', 'replicas', 'durability'];
      const table = () => (options.plain ? plainRows(rows) : columns(heading, rows));
      terminal.out(options.json ? `${JSON.stringify(topics)}\n` : table());
      return 'done';
    });
  },
});

import { checkTableOptions, clientOptions, tableOptions } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { columns, durationText, plainRows, sizeText } from '../client/columns.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'Shows the nodes of the cluster, and how the one that answers is',
  example: 'millrace cluster status',
  options: { ...tableOptions, ...clientOptions },
  run({ options }, terminal) {
    checkTableOptions(options);
    return withClient(options.bootstrap, terminal, async (client) => {
      const [{ clusterId, controllerId, nodes, topics }, node] = await Promise.all([
        client.admin.describeCluster(),
        client.admin.describeNode(),
      ]);
      const partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
      if (options.json) {
        const status = { clusterId, controllerId, nodes, topics: topics.length, partitions, node };
        terminal.out(`${JSON.stringify(status)}\n`);
        return 'done';
      }
      if (options.plain) {
        // A row for each node, the one that answers with what it says of itself.
        const rows = nodes.map(({ nodeId, gateway }) => {
          const about =
            nodeId === node.nodeId ? [node.isReady ? 'ready' : 'not ready', node.version, node.dataSize, node.diskFree] : [];
          return [nodeId, gateway, nodeId === controllerId ? 'controller' : '', ...about];
        });
        terminal.out(plainRows(rows));
        return 'done';
      }
      terminal.out(`cluster ${clusterId}: ${topics.length} topics, ${partitions} partitions\n\n`);
      const rows = nodes.map(({ nodeId, gateway }) => [nodeId, gateway, nodeId === controllerId ? 'yes' : '']);
      if (rows.length > 0) terminal.out(`${columns(['node', 'gateway', 'controller'], rows)}\n`);
      const state = node.isReady ? 'ready' : 'not ready';
      terminal.out(
        `${columns(
          [`node ${node.nodeId}`, state],
          [
            ['version', node.version],
            ['up for', durationText(node.uptimeMs)],
            ['shards', String(node.shards)],
            ['connections', String(node.connections)],
            ['subscriptions', String(node.subscriptions)],
            ['stored', sizeText(node.dataSize)],
            ['free on disk', sizeText(node.diskFree)],
            ...node.reasons.map((reason) => ['note', reason]),
          ],
        )}`,
      );
      return 'done';
    });
  },
});

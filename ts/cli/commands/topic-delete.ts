import { clientOptions, jsonOption } from '../client/bootstrap.js';
import { withClient } from '../client/client-session.js';
import { namingTopic } from '../client/topics.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'Deletes a topic with all its records, at once and for good',
  example: 'millrace topic delete orders',
  positionals: [{ name: 'NAME', help: 'the topic' }],
  options: { ...jsonOption, ...clientOptions },
  run({ options, positionals: [name = ''] }, terminal) {
    return withClient(options.bootstrap, terminal, (client) =>
      namingTopic(client, name, async () => {
        await client.admin.deleteTopic(name);
        terminal.out(options.json ? `${JSON.stringify({ deleted: name })}\n` : `deleted ${name}\n`);
        return 'done' as const;
      }),
    );
  },
});

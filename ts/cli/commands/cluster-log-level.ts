import { logLevels } from '../../model/log-level.js';
import { clientOptions, jsonOption } from '../client/bootstrap.js';
import { withGateway } from '../client/client-session.js';
import { askNode } from '../client/rest.js';
import { defineCommand } from '../command.js';

const path = '/api/v1/node/log-level';

export const command = defineCommand({
  summary: 'Shows what a node logs, or changes it while it runs',
  example: 'millrace cluster log-level --set debug',
  options: {
    set: {
      kind: 'choice',
      choices: logLevels,
      help: 'from now on, for the node at --bootstrap; when it is started again its setting log-level holds',
    },
    ...jsonOption,
    ...clientOptions,
  },
  run({ options }, terminal) {
    return withGateway(options.bootstrap, terminal, async (address) => {
      const { set } = options;
      const { level } = await askNode(
        address,
        set === undefined ? { method: 'GET', path } : { method: 'PUT', path, body: { level: set } },
      );
      if (options.json) terminal.out(`${JSON.stringify({ level })}\n`);
      else terminal.out(set === undefined ? `${level}\n` : `the node logs ${level} from now on, until it is started again\n`);
      return 'done';
    });
  },
});

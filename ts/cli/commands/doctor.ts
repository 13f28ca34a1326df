import { defineCommand } from '../command.js';
import { gatherFacts } from '../doctor/facts.js';
import { table } from '../doctor/format.js';
import { canRun, judge } from '../doctor/verdicts.js';

export const command = defineCommand({
  summary: 'Tells whether a node can run on this machine, and what would make it faster',
  example: 'millrace doctor --data ./data',
  options: {
    data: { kind: 'text', value: 'DIR', default: './data', help: 'the data directory the node would use' },
    json: { kind: 'flag', help: 'the same as data, for programs' },
  },
  async run({ options }, terminal) {
    if (process.platform !== 'linux') {
      terminal.error(`Millrace runs on Linux only; this is ${process.platform}.\n`);
      return 'failed';
    }
    const facts = await gatherFacts(options.data);
    const checks = judge(facts);
    const isRunnable = canRun(checks);
    terminal.out(options.json ? `${JSON.stringify({ canRun: isRunnable, checks, facts })}\n` : table(checks));
    return isRunnable ? 'done' : 'failed';
  },
});

import { checkTableOptions, tableOptions } from '../client/bootstrap.js';
import { plainRows } from '../client/columns.js';
import { defineCommand } from '../command.js';
import { gatherFacts } from '../doctor/facts.js';
import { table } from '../doctor/format.js';
import type { Row } from '../doctor/row.js';
import { canRun, judge } from '../doctor/verdicts.js';

export const command = defineCommand({
  summary: 'Tells whether a node can run on this machine, and what would make it faster',
  example: 'millrace doctor --data ./data',
  options: {
    data: { kind: 'text', value: 'DIR', default: './data', help: 'the data directory the node would use' },
    ...tableOptions,
  },
  async run({ options }, terminal) {
    checkTableOptions(options);
    if (process.platform !== 'linux') {
      terminal.error(`Millrace runs on Linux only; this is ${process.platform}.\n`);
      return 'failed';
    }
    const facts = await gatherFacts(options.data);
    const checks = judge(facts);
    const isRunnable = canRun(checks);
    const shown = () => (options.plain ? plainRows(checks.map(plainRow)) : table(checks));
    terminal.out(options.json ? `${JSON.stringify({ canRun: isRunnable, checks, facts })}\n` : shown());
    return isRunnable ? 'done' : 'failed';
  },
});

const plainRow = ({ verdict, check, value, advice }: Row) => [verdict, check, value, advice];

import { probeSystem } from '../../native/doctor.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  summary: 'tells whether a node can run on this machine, and what would make it faster',
  example: 'millrace doctor --data ./data',
  options: {
    data: { kind: 'text', value: 'DIR', default: './data', help: 'the data directory the node would use' },
    json: { kind: 'flag', help: 'the same as data, for programs' },
  },
  run({ options }, terminal) {
    const report = probeSystem(options.data);
    terminal.out(options.json ? `${JSON.stringify(report)}\n` : `kernel ${report.kernelRelease}\n`);
    return 'done';
  },
});

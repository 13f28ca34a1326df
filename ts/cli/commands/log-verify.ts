import { resolve } from 'node:path';
import type { ExitReason } from '../../model/exit-codes.js';
import { type Finding, Inspection } from '../../native/inspection.js';
import { defineCommand } from '../command.js';
import { failWith } from '../log/failure-exit.js';

const reasons: Readonly<Record<Inspection['outcome'], ExitReason>> = {
  clean: 'done',
  'torn-tail': 'tornTail',
  corrupt: 'verifyCorrupt',
};

export const command = defineCommand({
  summary: 'Checks a data directory without changing it: exit 0 clean, 3 a torn tail that recovery would cut, 4 corruption',
  example: 'millrace log verify ./data',
  positionals: [{ name: 'DIR', help: 'a data directory that no process owns' }],
  options: {
    json: { kind: 'flag', help: 'the same as data, for programs' },
    io: { kind: 'choice', choices: ['auto', 'uring', 'fallback'], default: 'auto', help: 'how the disk is reached' },
  },
  run({ options, positionals }, terminal) {
    const path = resolve(positionals[0] ?? '');
    const opened = Inspection.ofDirectory(path, options.io);
    if (!opened.ok) return failWith(terminal, path, opened.error);
    const { outcome, findings } = opened.value;
    const batchesCount = count(opened.value);
    opened.value.close();
    if (options.json) terminal.out(`${JSON.stringify({ outcome, batches: batchesCount, findings })}\n`);
    else terminal.out(`${findings.map(textOf).join('')}${path}: ${outcome}, ${batchesCount} batches\n`);
    return reasons[outcome];
  },
});

function count(inspection: Inspection): number {
  let batchesCount = 0;
  for (const _ of inspection.batches()) batchesCount += 1;
  return batchesCount;
}

function textOf({ kind, topic, partition, message }: Finding): string {
  return `${kind}: ${topic === '' ? '' : `${topic} ${partition}: `}${message}\n`;
}

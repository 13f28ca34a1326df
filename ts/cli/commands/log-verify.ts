import { resolve } from 'node:path';
import type { ExitReason } from '../../model/exit-codes.js';
import { type Finding, Inspection } from '../../native/inspection.js';
import { Progress } from '../client/progress.js';
import { defineCommand, type Terminal } from '../command.js';
import { inspected } from '../log/inspecting.js';

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
  async run({ options, positionals }, terminal) {
    const path = resolve(positionals[0] ?? '');
    const opened = await inspected(terminal, path, (watch) => Inspection.ofDirectory(path, options.io, watch));
    if (!opened.ok) return opened.error;
    const { outcome, findings } = opened.value;
    const counting = new Counting(opened.value, terminal);
    const isWhole = await counting.run();
    opened.value.close();
    const { batchesCount } = counting;
    if (!isWhole) {
      terminal.error(`millrace: stopped by Ctrl-C; ${outcome} so far, ${batchesCount} batches looked at\n`);
      return 'interrupted';
    }
    if (options.json) terminal.out(`${JSON.stringify({ outcome, batches: batchesCount, findings })}\n`);
    else terminal.out(`${findings.map(textOf).join('')}${path}: ${outcome}, ${batchesCount} batches\n`);
    return reasons[outcome];
  },
});

const batchesPerTurn = 4096;

/** Looks at every batch, in turns: Ctrl-C gets through, and progress is shown. */
class Counting {
  readonly #inspection: Inspection;
  readonly #terminal: Terminal;
  readonly #startedAt = performance.now();
  #isInterrupted = false;
  batchesCount = 0;

  constructor(inspection: Inspection, terminal: Terminal) {
    this.#inspection = inspection;
    this.#terminal = terminal;
    terminal.onInterrupt(() => {
      this.#isInterrupted = true;
    });
  }

  /** False: Ctrl-C ended it before the last one. */
  async run(): Promise<boolean> {
    const now = () => ({ count: this.batchesCount, elapsedMs: performance.now() - this.#startedAt, part: undefined });
    const progress = new Progress(this.#terminal, now, { unit: 'batches' });
    try {
      for (const _ of this.#inspection.batches()) {
        this.batchesCount += 1;
        if (this.batchesCount % batchesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
        if (this.#isInterrupted) return false;
      }
      return true;
    } finally {
      progress.end();
    }
  }
}

function textOf({ kind, topic, partition, message }: Finding): string {
  return `${kind}: ${topic === '' ? '' : `${topic} ${partition}: `}${message}\n`;
}

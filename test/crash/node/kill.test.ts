import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../../log/directory.js';
import { killAll } from '../../node/process.mjs';
import { runKills } from './rounds.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

test.each([
  ['synced topics', {}],
  ['topics acknowledged from the page cache', { durability: 'replicated' }],
])(
  'anomalies 1, 2, 3, 21: a node killed under load loses and repeats nothing, and who reads resumes there: %s',
  async (_, configs) => {
    const data = join(await newDirectory(), 'data');
    const report = await runKills({ data, rounds: 3, partitions: 3, lifeMs: (round) => 300 + round * 100, configs });
    expect(report.problems).toEqual([]);
    expect(report.lives).toBe(4);
    expect(report.acknowledged).toBeGreaterThan(100);
    expect(report.found).toBe(report.acknowledged);
  },
);

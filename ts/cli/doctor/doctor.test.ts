import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { exitCodes } from '../../model/exit-codes.js';

// The built command on the real machine: what it finds differs, that it fits together does not.
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

interface Report {
  readonly canRun: boolean;
  readonly checks: readonly { check: string; value: string; verdict: string; advice: string }[];
  readonly facts: {
    readonly server: object;
    readonly syncs: readonly { error: string; p50Us: number; p99Us: number; count: number }[];
  };
}

function doctor(data: string): { report: Report; status: number | null } {
  const { stdout, status } = spawnSync(process.execPath, [main, 'doctor', '--json', '--data', data], { encoding: 'utf8' });
  return { report: JSON.parse(stdout), status };
}

test('the exit code says what the report says, and the directory is left as it was', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
  try {
    const { report, status } = doctor(directory);
    expect(status).toBe((report.canRun ? exitCodes.done : exitCodes.failed).code);
    expect(report.canRun).toBe(report.checks.every(({ verdict }) => verdict !== 'fail'));
    expect(readdirSync(directory)).toEqual([]);
    const server = report.checks.find(({ check }) => check === 'server library');
    expect(server).toMatchObject({ verdict: 'ok', value: expect.stringContaining(`_${process.versions.modules}.node`) });
    expect(report.facts.server).toMatchObject({ error: '', package: expect.stringMatching(/^\S+ \d+\.\d+\.\d+$/) });
    for (const { advice, verdict } of report.checks) expect(advice === '').toBe(verdict === 'ok');
    for (const { error, p50Us, p99Us, count } of report.facts.syncs) {
      if (error !== '') continue;
      expect(count).toBeGreaterThan(0);
      expect(p99Us).toBeGreaterThanOrEqual(p50Us);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a directory that cannot be written to: the broker could not run', () => {
  const { report, status } = doctor('/proc/self');
  expect(status).toBe(exitCodes.failed.code);
  expect(report.checks.find(({ verdict }) => verdict === 'fail')?.check).toBe('data directory');
});

test('the table shows every check of the report', () => {
  const { report } = doctor('.');
  const table = execFileSync(process.execPath, [main, 'doctor', '--data', '.'], { encoding: 'utf8' });
  for (const { check } of report.checks) expect(table).toContain(check);
});

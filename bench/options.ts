import { parseArgs } from 'node:util';
import type { Choice } from './plan.js';

export interface Options extends Choice {
  readonly directory: string | undefined;
  readonly json: string | undefined;
  readonly isGate: boolean;
  /** Instead of measuring. */
  readonly wantsCounterCheck: boolean;
  /** Instead of measuring: so many seconds of load. */
  readonly soakSeconds: number | undefined;
  readonly wantsHelp: boolean;
}

export const help = `Measures the log core beside bare loops that do only the system calls for the same bytes, and a node beside its peers.

usage: npm run bench [-- OPTIONS]

  --target NAME[,NAME]  only these: a scenario, or one case of it as SCENARIO/CASE; --scenario is the same
  --quick               smaller and fewer laps: to see that it works, not to be quoted
  --spinners MODE       on, off or both (default): cores kept awake while a synced figure is taken
  --directory DIR       where files are written; its filesystem is what is measured (default: beside the build)
  --json FILE           machine-readable results (default: bench/results/latest.json)
  --gate                exit code 1 if a target is missed; absolute ones have twofold slack
  --check-counters      instead: compares counted system calls with those that strace sees
  --soak                instead: a node under high load; is its memory flat?
  --seconds N           how long that takes (default: 600)
  --help                this text

example: npm run bench -- --quick --target many-partitions/16,read-warm --spinners off

How to read a result: bench/README.md
`;

/** Fewer intervals tell nothing. */
const soakSecondsMin = 20;
const modes = ['on', 'off', 'both'] as const;

/** An error is a sentence. */
export function parseOptions(args: readonly string[]): Options | string {
  const parsed = parse(args);
  if (typeof parsed === 'string') return parsed;
  const spinners = modes.find((mode) => mode === parsed.spinners);
  if (spinners === undefined) return `--spinners is one of ${modes.join(', ')}, not "${parsed.spinners}"`;
  const seconds = Number(parsed.seconds);
  if (!(Number.isInteger(seconds) && seconds >= soakSecondsMin)) return `--seconds is a count, at least ${soakSecondsMin}`;
  const targets = [...parsed.target, ...parsed.scenario].flatMap((names) => names.split(','));
  const { directory, json, quick: isQuick, gate: isGate, help: wantsHelp, 'check-counters': wantsCounterCheck } = parsed;
  const soakSeconds = parsed.soak ? seconds : undefined;
  return { targets, spinners, isQuick, isGate, wantsCounterCheck, wantsHelp, directory, json, soakSeconds };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        target: { type: 'string', multiple: true, default: [] },
        scenario: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        spinners: { type: 'string', default: 'both' },
        directory: { type: 'string' },
        json: { type: 'string' },
        gate: { type: 'boolean', default: false },
        'check-counters': { type: 'boolean', default: false },
        soak: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '600' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return { ...values, directory: values.directory, json: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

import { byRuns, type Count } from './tally.js';

export interface Target {
  readonly name: string;
  /** Gets `--seed S --seconds N` added; its last line is "N run, N failed", or "N killed, N survived". */
  command(isUnoptimized: boolean): Command;
}

type Command = readonly [string, ...string[]];

export interface Campaign {
  /** The npm script. */
  readonly name: string;
  readonly targets: readonly Target[];
  readonly count: Count;
  readonly words: readonly [string, string];
  /** How long it runs inside `npm test`; without it, not at all. */
  readonly sliceSeconds?: number;
}

const runs = { count: byRuns, words: ['run', 'failed'] } as const;

// The names are those of native/src/fuzzing/mod.rs, which tests that each has seeds and its libFuzzer file.
const fuzzTargets = [
  ...[
    'batch_header',
    'canary',
    'checkpoint',
    'consensus_log',
    'framing',
    'identity',
    'journal_recovery',
    'leader_epochs',
    'metadata_journal',
  ],
  ...['offset_index', 'producer_state', 'records', 'segment_recovery', 'superblock'],
].map(fuzzTarget);

function fuzzTarget(name: string): Target {
  return example(name, 'fuzz_slice', '--target', name);
}

/** A program of the core; its own options follow. */
function example(name: string, program: string, ...args: readonly string[]): Target {
  const options = ['--quiet', '--locked', '--no-default-features', '--manifest-path', 'native/Cargo.toml', '--example', program];
  const release = (isUnoptimized: boolean) => (isUnoptimized ? [] : ['--release']);
  return { name, command: (isUnoptimized) => ['cargo', 'run', ...release(isUnoptimized), ...options, '--', ...args] };
}

function script(name: string, path: string): Target {
  return { name, command: () => [process.execPath, path] };
}

/** Frames of Kafka clients through the door's decoders, which are TypeScript. */
const kafkaRequests = script('kafka_requests', 'dist/tools/fuzz-kafka.js');

const simTargets: readonly Target[] = [
  // The shipped store over the simulated disk: power cuts at every kind of boundary, kills, crashes inside recovery.
  example('crashes', 'sim', '--target', 'crashes'),
  // Real processes on the real disk, killed.
  script('kill', 'test/crash/kill/campaign.mjs'),
  // A whole node under load through the SDK.
  script('node-kill', 'test/crash/node/campaign.mjs'),
  // Real runs on the real disk, and what a power cut could have left of them.
  example('images', 'images'),
  // The same, lived and opened by the installed command.
  example('shipped-images', 'images', '--binary', 'node_modules/.bin/millrace'),
];

/** A new target is one row here; `npm test` then runs a slice of it. */
export const campaigns: readonly Campaign[] = [
  {
    name: 'sim',
    targets: simTargets,
    ...runs,
    sliceSeconds: 25,
  },
  { name: 'fuzz', targets: [...fuzzTargets, kafkaRequests], ...runs, sliceSeconds: 20 },
];

import { byRuns, type Count } from './tally.js';

export interface Target {
  readonly name: string;
  /** Gets `--seed S --seconds N` added; its last line is "N run, N failed", or "N killed, N survived". */
  readonly command: readonly [string, ...string[]];
}

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
    'identity',
    'journal_recovery',
    'leader_epochs',
    'metadata_journal',
  ],
  ...['offset_index', 'producer_state', 'records', 'segment_recovery', 'superblock'],
].map(fuzzTarget);

function fuzzTarget(name: string): Target {
  return { name, command: [...example('fuzz_slice'), '--target', name] };
}

function example(name: string): Target['command'] {
  const options = ['--quiet', '--locked', '--release', '--no-default-features', '--manifest-path', 'native/Cargo.toml'];
  return ['cargo', 'run', ...options, '--example', name, '--'];
}

/** The shipped store over the simulated disk: power cuts at every kind of boundary, kills, crashes inside recovery. */
const crashTarget: Target = { name: 'crashes', command: [...example('sim'), '--target', 'crashes'] };

/** Real runs on the real disk, and what a power cut could have left of them. */
const imagesTarget: Target = { name: 'images', command: example('images') };

/** The same, lived and opened by the installed command. */
const shippedImagesTarget: Target = {
  name: 'shipped-images',
  command: [...example('images'), '--binary', 'node_modules/.bin/millrace'],
};

/** Real processes on the real disk, killed. */
const killTarget: Target = { name: 'kill', command: [process.execPath, 'test/crash/kill/campaign.mjs'] };
/** A whole node under load through the SDK. */
const nodeKillTarget: Target = { name: 'node-kill', command: [process.execPath, 'test/crash/node/campaign.mjs'] };

/** A new target is one row here; `npm test` then runs a slice of it. */
export const campaigns: readonly Campaign[] = [
  {
    name: 'sim',
    targets: [crashTarget, killTarget, nodeKillTarget, imagesTarget, shippedImagesTarget],
    ...runs,
    sliceSeconds: 25,
  },
  { name: 'fuzz', targets: fuzzTargets, ...runs, sliceSeconds: 20 },
];

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { campaigns } from './campaigns.js';
import type { OptionalTool } from './optional-tools.js';
import { root } from './spawn-stage.js';
import type { Stage } from './stage.js';
import { byCargo, byExitCode, byMutants, byVitest } from './tally.js';

const sourceFolders = ['ts', 'test', 'bench'].filter((folder) => existsSync(join(root, folder)));

const bin = (name: string) => `node_modules/.bin/${name}`;
const cargo = (verb: string, ...args: string[]): readonly [string, ...string[]] => [
  'cargo',
  verb,
  '--manifest-path',
  'native/Cargo.toml',
  ...args,
];

/** Without it the models' frames do not fit the small stacks that their threads have. */
const shallow = ['--config', 'profile.dev.package.millrace-native.opt-level=1'];

/** `npm run check`, quickest first. */
export const checkStages: readonly Stage[] = [
  { name: 'format', command: [bin('biome'), 'ci', '--error-on-warnings', '.'], count: byExitCode },
  { name: 'types', command: [bin('tsc'), '-p', 'tsconfig.json'], count: byExitCode },
  // A page has other names around it than a process has.
  { name: 'types-console', command: [bin('tsc'), '-p', 'tsconfig.console.json'], count: byExitCode },
  { name: 'imports', command: [bin('depcruise'), '--config', '.dependency-cruiser.mjs', ...sourceFolders], count: byExitCode },
  { name: 'dead-exports', command: [bin('knip')], count: byExitCode },
  { name: 'tidy', command: [process.execPath, 'dist/tools/tidy.js'], count: byExitCode },
  { name: 'mutant-table', command: [process.execPath, 'dist/tools/mutants.js', '--check'], count: byExitCode },
  // The bench is a crate of its own, which nothing else here builds: its lock file has to follow the core's dependencies.
  {
    name: 'bench-lock',
    command: ['cargo', 'tree', '--locked', '--quiet', '--manifest-path', 'bench/native/Cargo.toml'],
    count: byExitCode,
  },
  { name: 'rustfmt', command: cargo('fmt', '--check'), count: byExitCode, needs: 'rustfmt' },
  {
    name: 'clippy-core',
    command: cargo('clippy', '--locked', '--no-default-features', '--all-targets', '--', '-D', 'warnings'),
    count: byExitCode,
    needs: 'clippy',
  },
  {
    name: 'clippy-node',
    command: cargo('clippy', '--locked', '--all-targets', '--', '-D', 'warnings'),
    count: byExitCode,
    needs: 'clippy',
  },
];

const testStages: readonly Stage[] = [
  {
    name: 'rust',
    command: cargo('test', '--locked', '--no-default-features'),
    count: byCargo,
    filter: (pattern) => [pattern],
    secondsMax: 900,
  },
  {
    name: 'loom',
    command: cargo('test', '--locked', '--no-default-features', '--features', 'loom', '--lib', ...shallow, 'loom'),
    count: byCargo,
  },
  {
    name: 'typescript',
    command: [bin('vitest'), 'run'],
    count: byVitest,
    filter: (pattern) => ['--passWithNoTests', '-t', pattern],
  },
  {
    name: 'browser',
    command: [bin('vitest'), 'run', '--config', 'vitest.browser.config.ts'],
    count: byVitest,
    filter: (pattern) => ['--passWithNoTests', '-t', pattern],
    needs: 'chromium',
    secondsMax: 300,
  },
  {
    name: 'disk',
    // Whatever ends it, what it mounted is gone with it.
    command: ['unshare', '--mount', bin('vitest'), 'run', '--config', 'vitest.disk.config.ts'],
    count: byVitest,
    filter: (pattern) => ['--passWithNoTests', '-t', pattern],
    needs: 'disks',
    secondsMax: 300,
  },
];

const vitestConformance = [bin('vitest'), 'run', '--config', 'vitest.conformance.config.ts'] as const;
/** Clients that talk to the Kafka door, beside those of Java. */
const kafkaClients = ['kcat', 'kafkajs', 'platformatic', 'both-doors', 'broken-input', 'anomalies'].map(testFile);
const javaClients = ['kafka-codec', 'java'].map(testFile);
const pythonClients = ['confluent-kafka', 'aiokafka', 'kafka-python'].map(testFile);
const goClients = ['franz-go', 'sarama', 'kafka-go'].map(testFile);
const kafkaTools = ['kafka-tools-admin', 'kafka-tools-records'].map(testFile);

function testFile(name: string): string {
  return `test/conformance/${name}.test.ts`;
}

function conformanceStage(name: string, files: readonly string[], needs: OptionalTool): Stage {
  return {
    name,
    command: [...vitestConformance, ...files],
    count: byVitest,
    filter: (pattern) => ['--passWithNoTests', '-t', pattern],
    needs,
    secondsMax: 600,
  };
}

/** Clients that are not ours, or that were written from the documents alone: those that every test run asks. */
const clientStages: readonly Stage[] = [
  conformanceStage('conformance', [testFile('python')], 'python'),
  conformanceStage('kafka-clients', kafkaClients, 'kcat'),
  conformanceStage('kafka-java', javaClients, 'jvm'),
];

/** `npm run conformance`: all clients of others, and Kafka's own command line. */
export const conformanceStages: readonly Stage[] = [
  ...clientStages,
  conformanceStage('kafka-python', pythonClients, 'python311'),
  conformanceStage('kafka-go', goClients, 'go'),
  conformanceStage('kafka-tools', kafkaTools, 'jvm'),
  conformanceStage('kafka-static-members', [testFile('static-members')], 'jvm'),
  conformanceStage('kafka-frameworks', ['kafka-streams', 'kafka-connect'].map(testFile), 'jvm'),
  conformanceStage('captures', [testFile('captures')], 'jvm'),
];

/** `npm test`: the checks, all tests, and a short slice of every campaign. */
export const allStages: readonly Stage[] = [...checkStages, ...testStages, ...clientStages, ...slices(), mutantSlice()];

// As many mutants as begin within the minute: two or three where the tests have been compiled before.
function mutantSlice(): Stage {
  const command = [process.execPath, 'dist/tools/mutants.js', '--seed', '1', '--seconds', '45'] as const;
  return { name: 'mutants', command, count: byMutants, secondsMax: 900 };
}

function slices(): readonly Stage[] {
  return campaigns
    .filter(({ sliceSeconds }) => sliceSeconds !== undefined)
    .map(({ name, sliceSeconds, count }) => ({
      name,
      command: [
        process.execPath,
        'dist/tools/campaign.js',
        name,
        '--unoptimized',
        '--seed',
        '1',
        '--seconds',
        String(sliceSeconds),
      ],
      count,
    }));
}

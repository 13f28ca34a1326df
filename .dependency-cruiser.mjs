// Who may import whom under ts/: the table of docs/STYLE.md in the form that runs. Types count like values, so a type that
// two islands share moves to model.

/** @type {Readonly<Record<string, readonly string[]>>} */
const may = {
  model: [],
  metrics: ['model'],
  wire: ['model'],
  native: ['model'],
  ring: ['model', 'metrics'],
  peer: ['model', 'metrics', 'wire'],
  shard: ['model', 'metrics', 'wire', 'ring', 'native', 'peer'],
  coordinator: ['model', 'metrics', 'wire'],
  cluster: ['model', 'metrics', 'wire', 'native', 'peer'],
  gateway: ['model', 'metrics', 'wire', 'ring'],
  broker: ['model', 'metrics', 'wire', 'native', 'ring', 'peer', 'shard', 'coordinator', 'cluster', 'gateway'],
  sdk: ['model', 'wire'],
  streams: ['model', 'metrics', 'sdk'],
  connect: ['model', 'metrics', 'sdk'],
  mirror: ['model', 'metrics', 'sdk', 'connect'],
  cli: ['model', 'sdk'],
  console: ['model', 'sdk'],
};

/** Single files and folders that may import more than the folder they lie in. */
const exceptions = [
  { from: 'ts/gateway/kafka/', also: ['native'] },
  { from: 'ts/cli/commands/start\\.', also: ['broker'] },
  { from: 'ts/cli/(commands/(doctor|tune)\\.|doctor/)', also: ['native'] },
  { from: 'ts/cli/(commands/log-[a-z-]+\\.|log/)', also: ['native', 'ring', 'wire'] },
];

const oneOf = (/** @type {readonly string[]} */ names) => `(${names.join('|')})`;

/** @param {string} folder */
function rulesOf(folder) {
  const allowed = [folder, ...(may[folder] ?? [])];
  const special = exceptions.filter(({ from }) => from.startsWith(`ts/${folder}/`));
  const general = {
    name: `${folder}-imports`,
    from: { path: `^ts/${folder}/`, pathNot: special.map(({ from }) => `^${from}`) },
    to: { path: '^(ts|test|bench)/', pathNot: `^ts/${oneOf(allowed)}/` },
  };
  const others = special.map(({ from, also }) => ({
    name: `${folder}-imports-exception`,
    from: { path: `^${from}` },
    to: { path: '^(ts|test|bench)/', pathNot: `^ts/${oneOf([...allowed, ...also])}/` },
  }));
  return [general, ...others];
}

const known = [...Object.keys(may), 'tools'];

const rules = [
  ...Object.keys(may).flatMap(rulesOf),
  { name: 'folder-not-in-table', from: {}, to: { path: '^ts/[^/]+/', pathNot: `^ts/${oneOf(known)}/` } },
  { name: 'bench-imports', from: { path: '^bench/' }, to: { path: '^ts/(broker|gateway|shard|coordinator|cluster)/' } },
  { name: 'no-cycles', from: {}, to: { circular: true } },
  { name: 'resolvable', from: {}, to: { couldNotResolve: true } },
  {
    name: 'runs-in-a-browser',
    from: { path: '^ts/(model|wire|sdk/core|sdk/browser|console)/', pathNot: '\\.test\\.ts$' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'pure-cluster',
    from: { path: '^ts/cluster/(commands/|metadata/|assignments/diff\\.)' },
    to: { path: '^(ts/model/ports\\.|(node:)?(timers|perf_hooks)$)' },
  },
  {
    name: 'pure-groups',
    from: { path: '^ts/coordinator/(group|records)/', pathNot: '\\.test\\.ts$' },
    to: { path: '^(ts/coordinator/[^/]+$|ts/model/ports\\.|(node:)?(timers|perf_hooks)$)' },
  },
  { name: 'apis-through-verbs', from: { path: '^ts/gateway/.*(apis|messages)/' }, to: { path: '^ts/ring/' } },
  { name: 'generated-imports', from: { path: '^ts/.*/generated/' }, to: { path: '^ts/', pathNot: '^ts/wire/' } },
];

export default {
  forbidden: rules.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    // Without this, an "import type" across a border goes unseen.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};

// What `--help` prints for the scripts that are tools, before anything is installed or built. start and bench know their own.

const stages = `  --only STAGE     only this stage; may be given several times
  --filter PATTERN only tests whose names match`;

const campaign = `  --seed S         where chance begins (default: another one each time, and printed)
  --seconds N      how long it takes (default: 60)
  --target NAME    only this one; may be given several times`;

/** @type {Readonly<Record<string, { readonly text: string, readonly example: string }>>} */
export const usages = {
  build: { text: 'Brings dependencies and the build up to date, and nothing else.', example: 'npm run build' },
  check: {
    text: `What is known without running the product: format, types, imports, dead exports, rules of the tree, clippy.\n\n${stages}`,
    example: 'npm run check -- --only types --only tidy',
  },
  test: {
    text: `All checks, all tests and a slice of each campaign, in about twelve minutes on two cores.\n\n${stages}`,
    example: 'npm test -- --only typescript --filter "resume"',
  },
  conformance: { text: `Clients that are not ours against a real node.\n\n${stages}`, example: 'npm run conformance' },
  sim: {
    text: `Crashes: simulated disks, images of real ones, killed processes.\n\n${campaign}`,
    example: 'npm run sim -- --target crashes --seconds 10',
  },
  fuzz: { text: `Arbitrary bytes into every decoder.\n\n${campaign}`, example: 'npm run fuzz -- --seconds 20' },
  mutants: {
    text: `Breaks a copy of the sources in one way after the other, and wants a test to notice.\n
  --check          only whether the table fits the sources
${campaign}`,
    example: 'npm run mutants -- --seconds 60',
  },
  sanitize: { text: 'The native binding under AddressSanitizer, worker threads included.', example: 'npm run sanitize' },
  generate: { text: 'Makes docs/generated and the code of the protocol anew.', example: 'npm run generate' },
};

/** @param {string} script */
export function usageOf(script) {
  const usage = usages[script];
  if (usage === undefined) return undefined;
  const call = script === 'test' ? 'npm test' : `npm run ${script}`;
  return `usage: ${call} [-- OPTIONS]\n\n${usage.text}\n\nexample: ${usage.example}\n`;
}

// The door of every npm script, on a fresh clone too: nothing is installed yet, so this and bootstrap/ import only Node.
// It brings dependencies and build up to date, then becomes the tool asked for: by import, not as a parent, so that
// signals reach it, its exit code is the exit code, and its pid is the one that was started.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { products } from './bootstrap/build.mjs';
import { install, isInstalled } from './bootstrap/install.mjs';
import { takeLock } from './bootstrap/lock.mjs';
import { dist, nodeModules } from './bootstrap/paths.mjs';
import { Problem } from './bootstrap/problem.mjs';
import { requireHost, requireTools } from './bootstrap/requirements.mjs';
import { usageOf } from './bootstrap/usage.mjs';

/** @type {Readonly<Record<string, readonly string[]>>} script → compiled module and first arguments; none: only build */
const scripts = {
  start: ['cli/main.js', 'start'],
  build: [],
  check: ['tools/check.js'],
  test: ['tools/test.js'],
  conformance: ['tools/conformance.js'],
  sim: ['tools/campaign.js', 'sim'],
  fuzz: ['tools/campaign.js', 'fuzz'],
  mutants: ['tools/mutants.js'],
  sanitize: ['tools/sanitize.js'],
  bench: ['bench/runner.js'],
  generate: ['tools/generate.js'],
};

function isReady() {
  return isInstalled() && products.every((product) => product.isFresh());
}

async function makeReady() {
  await requireTools();
  // Beside node_modules, not in it: npm ci removes that folder.
  const lock = await takeLock(join(nodeModules, '..', '.bootstrap-lock'), () => {
    process.stderr.write('another build runs in this folder: waiting for it\n');
  });
  try {
    if (!isInstalled()) await install(lock);
    for (const product of products) {
      if (!product.isFresh()) await product.make(lock);
    }
  } finally {
    lock.release();
  }
}

/** @param {readonly string[]} args */
async function main([script = '', ...args]) {
  const target = scripts[script];
  if (target === undefined) throw new Problem(`no script "${script}": one of ${Object.keys(scripts).join(', ')}`);
  const usage = args.includes('--help') ? usageOf(script) : undefined;
  if (usage !== undefined) {
    process.stdout.write(usage);
    return;
  }
  requireHost({ platform: process.platform, nodeVersion: process.versions.node });
  if (!isReady()) await makeReady();
  const [module, ...first] = target;
  if (module === undefined) return;
  const path = join(dist, module);
  process.argv = [process.execPath, path, ...first, ...args];
  await import(pathToFileURL(path).href);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

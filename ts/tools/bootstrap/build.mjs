import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildBundle, isBundleFresh } from './bundle.mjs';
import { buildConsole, consoleOutput, isConsoleFresh } from './console.mjs';
import { filesUnder, fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { addon, cliMain, dist, nativeManifest, nodeModules, packageLock, root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { removeStale } from './stale.mjs';
import { step } from './step.mjs';

/**
 * @typedef {object} Product
 * @property {string} name
 * @property {() => boolean} isFresh
 * @property {(lock: import('./lock.mjs').Lock) => Promise<void>} make
 */

/** Packages that test/conformance installs. */
const clientsOfOthers = join(dist, 'conformance', '/');

const typescriptStamp = join(dist, '.typescript-stamp');
const nativeStamp = join(dist, '.native-stamp');
const commandLink = join(nodeModules, '.bin', 'millrace');

/** @type {readonly Product[]} */
export const products = [
  { name: 'TypeScript', isFresh: isTypescriptFresh, make: buildTypescript },
  { name: 'browser SDK', isFresh: isBundleFresh, make: buildBundle },
  { name: 'console', isFresh: isConsoleFresh, make: buildConsole },
  { name: 'native addon', isFresh: isNativeFresh, make: buildNative },
  { name: 'command', isFresh: () => existsSync(commandLink), make: linkCommand },
];

/** Compiled for a page, by a product of its own. */
const consoleSources = join(root, 'ts', 'console', '/');

/** What is compiled, each folder by a configuration of its own. */
const projects = [
  { name: 'TypeScript', folder: 'ts', output: dist, configuration: 'tsconfig.build.json', record: 'build.tsbuildinfo' },
  {
    name: 'the bench',
    folder: 'bench',
    output: join(dist, 'bench'),
    configuration: 'tsconfig.bench.json',
    record: 'bench.tsbuildinfo',
  },
];

/** @param {string} folder */
function typescriptSources(folder) {
  return filesUnder(
    join(root, folder),
    (path) => path.endsWith('.ts') && !/(\.(test|bench)|\.d)\.ts$/.test(path) && !path.startsWith(consoleSources),
  );
}

/**
 * Code that a generator wrote, which the compiler takes by its declarations only.
 * @param {string} folder
 */
function generatedSources(folder) {
  return filesUnder(join(root, folder), (path) => /\/generated\/[^/]*\.(js|d\.ts)$/.test(path));
}

function typescriptInputs() {
  const configuration = ['tsconfig.base.json', ...projects.map((project) => project.configuration)].map((name) =>
    join(root, name),
  );
  const sources = projects.flatMap(({ folder }) => [...typescriptSources(folder), ...generatedSources(folder)]);
  return fingerprint(root, [...sources, ...configuration, packageLock]);
}

/** @param {typeof projects[number]} project @param {string} source */
function outputOf({ folder, output }, source) {
  return join(output, relative(join(root, folder), source)).replace(/\.ts$/, '.js');
}

/** @param {typeof projects[number]} project */
function copiesOf(project) {
  const sources = generatedSources(project.folder).filter((source) => source.endsWith('.js'));
  return sources.map((source) => ({ source, output: outputOf(project, source) }));
}

/** @param {typeof projects[number]} project */
function outputsOf(project) {
  const compiled = typescriptSources(project.folder).map((source) => outputOf(project, source));
  return [...compiled, ...copiesOf(project).map(({ output }) => output)];
}

function isTypescriptFresh() {
  return readStamp(typescriptStamp) === typescriptInputs() && projects.flatMap(outputsOf).every(existsSync);
}

/** @param {import('./lock.mjs').Lock} lock */
async function buildTypescript(lock) {
  const inputs = typescriptInputs();
  const outputs = projects.flatMap(outputsOf);
  const isWhole = outputs.every(existsSync);
  const tsc = join(nodeModules, 'typescript', 'bin', 'tsc');
  for (const { name, configuration, record } of projects) {
    // The compiler's own record believes in outputs that someone deleted.
    if (!isWhole) rmSync(join(dist, record), { force: true });
    await step(`compiling ${name}`, process.execPath, [tsc, '-p', configuration], lock);
  }
  for (const { source, output } of projects.flatMap(copiesOf)) {
    mkdirSync(dirname(output), { recursive: true });
    copyFileSync(source, output);
  }
  removeStale(dist, new Set(outputs), [consoleOutput, clientsOfOthers]);
  chmodSync(cliMain, 0o755);
  writeStamp(typescriptStamp, inputs);
}

function nativeInputs() {
  const sources = filesUnder(join(root, 'native', 'src'));
  const manifests = ['Cargo.toml', 'Cargo.lock', 'build.rs'].map((name) => join(root, 'native', name));
  return fingerprint(root, [...sources, ...manifests]);
}

function isNativeFresh() {
  return readStamp(nativeStamp) === nativeInputs() && existsSync(addon);
}

/** @param {import('./lock.mjs').Lock} lock */
async function buildNative(lock) {
  const inputs = nativeInputs();
  const args = ['build', '--release', '--locked', '--lib', '--manifest-path', nativeManifest];
  const output = await step('compiling the native addon', 'cargo', [...args, '--message-format=json-render-diagnostics'], lock);
  mkdirSync(dist, { recursive: true });
  // A process that has the old addon mapped keeps its file: rename replaces the name, never the bytes.
  copyFileSync(libraryIn(output), `${addon}.draft`);
  renameSync(`${addon}.draft`, addon);
  writeStamp(nativeStamp, inputs);
}

// Asked of cargo rather than guessed: CARGO_TARGET_DIR and a configured target both move it.
/** @param {string} output cargo's messages, one JSON object per line @returns {string} */
function libraryIn(output) {
  for (const line of output.split('\n').filter((text) => text.startsWith('{'))) {
    /** @type {{ reason: string, target?: { name: string }, filenames?: string[] }} */
    const message = JSON.parse(line);
    if (message.reason !== 'compiler-artifact' || message.target?.name !== 'millrace_native') continue;
    const library = message.filenames?.find((name) => name.endsWith('.so'));
    if (library !== undefined) return library;
  }
  throw new Problem('cargo reported no shared library for millrace_native');
}

async function linkCommand() {
  mkdirSync(join(nodeModules, '.bin'), { recursive: true });
  rmSync(commandLink, { force: true });
  symlinkSync(relative(join(nodeModules, '.bin'), cliMain), commandLink);
}

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { nodeModules, packageLock, root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { step } from './step.mjs';

// Inside, so that it vanishes with the folder it vouches for.
const stampFile = join(nodeModules, '.millrace-stamp');

export function isInstalled() {
  return readStamp(stampFile) === wantedStamp() && missingPackages().length === 0;
}

/** @param {import('./lock.mjs').Lock} lock */
export async function install(lock) {
  // Not "npm ci": it refuses a lock file that lacks the optional binaries of other platforms, and a registry that mirrors
  // one platform cannot name them. A removed folder and --no-save give the same: locked versions by their hashes, the lock
  // file untouched. NODE_ENV=production would leave the compiler out.
  requireLockedManifest();
  rmSync(nodeModules, { recursive: true, force: true });
  await step('installing dependencies', 'npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'], lock);
  dropForeignBinaries();
  writeStamp(stampFile, wantedStamp());
}

// The server library brings a binary for every platform and version of Node, a quarter of a gigabyte; one of them loads here.
function dropForeignBinaries() {
  const folder = join(nodeModules, 'uWebSockets.js');
  const own = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  if (!existsSync(join(folder, own))) return;
  for (const name of readdirSync(folder)) if (name.endsWith('.node') && name !== own) rmSync(join(folder, name));
}

// What npm ci would have refused for a good reason: package.json was edited and the lock file was not brought along.
function requireLockedManifest() {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const locked = JSON.parse(readFileSync(packageLock, 'utf8')).packages[''];
  const differs = kinds.some((kind) => JSON.stringify(sorted(manifest[kind])) !== JSON.stringify(sorted(locked[kind])));
  if (differs) throw new Problem('package.json and package-lock.json disagree: run "npm install" and commit both');
}

/** @param {Record<string, string>} [dependencies] */
function sorted(dependencies = {}) {
  return Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1));
}

function wantedStamp() {
  // Packages with native parts are chosen by platform and Node's module version.
  return `${fingerprint(root, [packageLock])} ${process.arch} ${process.versions.modules}`;
}

// Someone removed a package by hand, or a disk ran full: seen before it shows as a strange error somewhere else.
function missingPackages() {
  /** @type {{ packages: Record<string, { optional?: boolean }> }} */
  const lock = JSON.parse(readFileSync(packageLock, 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, { optional }]) => path !== '' && optional !== true)
    .filter(([path]) => !existsSync(join(root, path, 'package.json')));
}

import { fileURLToPath } from 'node:url';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export const root = at('.').replace(/\/$/, '');
export const dist = at('dist');
export const nodeModules = at('node_modules');
export const packageLock = at('package-lock.json');
export const addon = at('dist/millrace.node');
export const nativeManifest = at('native/Cargo.toml');
export const cliMain = at('dist/cli/main.js');

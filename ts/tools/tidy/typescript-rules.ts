import { linesThat, type Rule, testFile } from './tree.js';

// What an import linter cannot see.

const typescript = /^ts\/.*\.ts$/;
const ownPatterns = /^ts\/tools\/tidy\//;

export const workers: Rule = (tree) =>
  linesThat(tree, {
    in: typescript,
    notIn: new RegExp(`^ts/broker/threads\\.ts$|${testFile.source}|${ownPatterns.source}`),
    pattern: /\bnew Worker\(/,
    text: 'threads are started in ts/broker/threads.ts only, so that one file knows all of them',
  });

export const sharedMemory: Rule = (tree) =>
  linesThat(tree, {
    in: typescript,
    notIn: new RegExp(`^ts/(ring|metrics)/|${testFile.source}|${ownPatterns.source}`),
    pattern: /\b(SharedArrayBuffer|Atomics)\b/,
    text: 'memory shared between threads belongs to ts/ring and ts/metrics',
  });

export const timeAndChance: Rule = (tree) =>
  linesThat(tree, {
    in: /^ts\/(gateway|shard|coordinator|cluster)\//,
    notIn: testFile,
    pattern: /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.hrtime)\b/,
    text: 'an island is given Clock and Random as ports, or a seed cannot replay it',
  });

/** The sanitizer's tool names the file too: it puts another one in its place. The doctor names that of the server library. */
export const addonImporter: Rule = (tree) =>
  linesThat(tree, {
    in: typescript,
    notIn: new RegExp(
      `^ts/(native/load|tools/sanitize|cli/doctor/server-library)\\.ts$|${testFile.source}|${ownPatterns.source}`,
    ),
    pattern: /\bcreateRequire\b|process\.dlopen|\.node['"`]/,
    text: 'only ts/native/load.ts opens the addon',
  });

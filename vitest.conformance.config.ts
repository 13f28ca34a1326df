import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Clients that others wrote, or that know no more than the documents, against a real node. */
export default defineConfig({
  test: {
    include: ['test/conformance/**/*.test.ts'],
    // One for each core: most of the time a file waits for what it has started.
    maxWorkers: availableParallelism(),
    testTimeout: 180_000,
    // The first time, packages are installed.
    hookTimeout: 300_000,
  },
});

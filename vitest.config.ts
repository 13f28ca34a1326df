import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['ts/**/*.test.ts', 'test/**/*.test.ts', 'bench/*.test.ts', 'bench/soak/*.test.ts'],
    // Stages of their own: they need a browser, a Python or the right to mount, see vitest.browser.config.ts and its likes.
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/conformance/**', 'test/disk/**'],
    // One for each core: the default leaves one of two idle while commands and nodes are waited for.
    maxWorkers: availableParallelism(),
    // Generous: a limit is there to end a hang, not to judge speed on a machine that does other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['ts/**/*.test.ts', 'test/**/*.test.ts', 'bench/*.test.ts'],
    // A stage of its own: it needs a browser, see vitest.browser.config.ts.
    exclude: [...configDefaults.exclude, 'test/browser/**'],
    // Generous: a limit is there to end a hang, not to judge speed on a machine that does other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['ts/**/*.test.ts', 'test/**/*.test.ts', 'bench/*.test.ts', 'bench/soak/*.test.ts'],
    // Stages of their own: they need a browser or a Python, see vitest.browser.config.ts and vitest.conformance.config.ts.
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/conformance/**'],
    // Generous: a limit is there to end a hang, not to judge speed on a machine that does other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

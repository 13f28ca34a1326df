import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['ts/**/*.test.ts', 'test/**/*.test.ts', 'bench/*.test.ts'],
    // Generous: a limit is there to end a hang, not to judge speed on a machine that does other work.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

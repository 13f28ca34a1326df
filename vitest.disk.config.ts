import { defineConfig } from 'vitest/config';

/** A node on disks that run out of room and die. Runs in a mount namespace of its own, see ts/tools/stages/table.ts. */
export default defineConfig({
  test: {
    include: ['test/disk/**/*.test.ts'],
    // They wait more than they work.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

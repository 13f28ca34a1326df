import { expect, test } from 'vitest';
import { command } from './start.js';

const deaf = {
  out: () => undefined,
  error: () => undefined,
  bytes: () => undefined,
  isWatched: false,
  isScreen: false,
  onInterrupt: () => undefined,
};

const run = async (...args: string[]) => {
  try {
    await command.bind(args)(deaf);
    return 'started';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test.each([
  [['--gatewy', '127.0.0.1:0'], /did you mean --gateway/],
  [['--memory', '1MiB'], /--memory is from/],
  [['--gateway', 'nonsense'], /wants HOST:PORT/],
  [['--gateway', '0.0.0.0:0'], /beyond loopback/],
  [['--io', 'mmap'], /is one of auto, uring, fallback/],
  [['--profile', 'laptop'], /no hardware profile "laptop"/],
  [['--peer', '127.0.0.1:1', '--quorum', '1@127.0.0.1:1,2@127.0.0.1:2'], /single nodes only/],
  [['--config', '/does/not/exist.json'], /cannot be read/],
])('%s is refused before anything is started', async (args, why) => {
  expect(await run(...args)).toMatch(why);
});

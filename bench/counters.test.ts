import { expect, test } from 'vitest';
import { compare } from './counter-check.js';
import { countCalls } from './counters.js';

const trace = `
100 io_uring_enter(20<anon_inode:[io_uring]>, 1, 0, 0, NULL, 8) = 1
100 access("/millrace-bench-begin", F_OK) = -1 ENOENT (No such file or directory)
100 io_uring_enter(20<anon_inode:[io_uring]>, 2, 1, IORING_ENTER_GETEVENTS, NULL, 8 <unfinished ...>
101 read(19<anon_inode:[eventfd]>, "\\1", 8) = 8
100 <... io_uring_enter resumed>) = 2
100 read(19<anon_inode:[eventfd]>, "\\1\\0", 1024) = 8
100 read(199<anon_inode:[eventfd]>, "\\1\\0", 1024) = 8
100 epoll_pwait(13<anon_inode:[eventpoll]>, [], 1024, 0, NULL, 8) = 0
100 access("/millrace-bench-end", F_OK) = -1 ENOENT (No such file or directory)
100 io_uring_enter(20<anon_inode:[io_uring]>, 1, 0, 0, NULL, 8) = 1
`;

test('calls of the marking thread between the marks, a split one once', () => {
  const seen = countCalls(trace, 19);
  expect(seen).toMatchObject({ enters: 1, ofDescriptor: 1 });
  expect(typeof seen === 'string' ? seen : Object.fromEntries(seen.byName)).toEqual({
    io_uring_enter: 1,
    read: 2,
    epoll_pwait: 1,
  });
});

test('a trace without marks says nothing', () => {
  expect(countCalls(trace.replace('-end', ''), 19)).toBeTypeOf('string');
  expect(countCalls('', 19)).toBeTypeOf('string');
});

test('a count that is one off is not equal', () => {
  const figureOf = (system_calls: number) => ({
    scenario: 'facade',
    case: 'c',
    spinners: 'none' as const,
    texts: {},
    numbers: { system_calls, commits: 1, callbacks: 1, wakeup_descriptor: 19 },
  });
  expect(compare(figureOf(2), trace)).toMatchObject({ isEqual: true });
  expect(compare(figureOf(3), trace)).toMatchObject({ isEqual: false });
});

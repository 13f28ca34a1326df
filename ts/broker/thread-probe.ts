import { counter } from '../metrics/probe.js';

/** What a data thread counts whatever it hosts: its share of the calls between JavaScript and native code. */
export const threadProbe = {
  wakes: counter(
    'thread_wakes',
    'none',
    'Times the event loop called the thread: for a doorbell, completions, sockets or a timer.',
  ),
  copies: counter('thread_copies', 'none', 'Calls from JavaScript that copy a batch into shared memory.'),
} as const;

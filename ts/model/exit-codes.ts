// The Rust twin is native/src/fatal.rs; a test holds both equal. docs/generated/exit-codes.md is made from this table.

export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed; the reason is on stderr' },
  wrongUsage: { code: 2, meaning: 'wrong usage: an unknown command or option, or a value or setting that cannot be' },
  tornTail: { code: 3, meaning: '`log verify`: recovery would cut a torn tail' },
  verifyCorrupt: { code: 4, meaning: '`log verify`: the log is corrupt' },
  directoryInUse: { code: 10, meaning: 'another process owns the data directory' },
  corruption: { code: 11, meaning: 'acknowledged data is corrupt: start refused' },
  diskFenced: { code: 12, meaning: 'the disk failed, and no log directory is left to serve from' },
  invariantBroken: { code: 13, meaning: 'our own bug: an invariant did not hold' },
  interrupted: { code: 130, meaning: 'stopped by Ctrl-C' },
} as const;

export type ExitReason = keyof typeof exitCodes;

#!/usr/bin/env node
import { exitCodes } from '../model/exit-codes.js';
import type { Terminal } from './command.js';
import { runCommandLine } from './run.js';

let drain: (() => void) | undefined;

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  bytes: (chunk) => {
    if (process.stdout.write(chunk)) return undefined;
    return new Promise((resolve) => process.stdout.once('drain', resolve));
  },
  isWatched: process.stderr.isTTY === true,
  isScreen: process.stdout.isTTY === true,
  onInterrupt: (callback) => {
    drain = callback;
  },
};

process.on('SIGINT', () => {
  process.exitCode = exitCodes.interrupted.code;
  const callback = drain;
  // Asked a second time: whoever presses Ctrl-C again does not want to wait.
  drain = undefined;
  if (callback === undefined) process.exit();
  callback();
});

// `millrace log dump … | head`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const reason = await runCommandLine(process.argv.slice(2), terminal);
process.exitCode ??= exitCodes[reason].code;

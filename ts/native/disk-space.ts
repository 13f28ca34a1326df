import { failed, ok, type Result } from '../model/result.js';
import type { Failure } from './failure.js';
import { loadAddon } from './load.js';

export interface DiskSpace {
  /** Bytes that an unprivileged process may still take. */
  readonly freeSize: number;
  readonly totalSize: number;
}

/** Of the file system that a path lies on: one system call. */
export function diskSpace(path: string): Result<DiskSpace, Failure> {
  const { error, freeSize, totalSize } = loadAddon().diskSpace(path);
  return error === '' ? ok({ freeSize, totalSize }) : failed({ code: 'io', message: `${path}: ${error}` });
}

import type { ExitReason } from '../../model/exit-codes.js';
import type { Result } from '../../model/result.js';
import type { Failure, Inspection, InspectionWatch } from '../../native/inspection.js';
import { Progress } from '../client/progress.js';
import type { Terminal } from '../command.js';
import { failWith } from './failure-exit.js';

const mebibyte = 2 ** 20;

/** Looks at all of a log while it shows how far it is; Ctrl-C ends it. Where nothing came of it, the reason has been said. */
export async function inspected(
  terminal: Terminal,
  path: string,
  begin: (watch: InspectionWatch) => Promise<Result<Inspection, Failure>>,
): Promise<Result<Inspection, ExitReason>> {
  const startedAt = performance.now();
  const stopping = new AbortController();
  let readSize = 0;
  terminal.onInterrupt(() => stopping.abort());
  const count = () => Math.floor(readSize / mebibyte);
  const now = () => ({ count: count(), elapsedMs: performance.now() - startedAt, part: undefined });
  const progress = new Progress(terminal, now, { unit: 'MiB' });
  const onRead = (size: number) => {
    readSize = size;
  };
  const opened = await begin({ signal: stopping.signal, onRead }).finally(() => progress.end());
  if (opened.ok) return opened;
  if (opened.error.code !== 'cancelled') return { ok: false, error: failWith(terminal, path, opened.error) };
  terminal.error(`millrace: stopped by Ctrl-C; ${count()} MiB looked at\n`);
  return { ok: false, error: 'interrupted' };
}

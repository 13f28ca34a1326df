import { ok, type Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import { loadAddon } from './load.js';
import type { BindingTrace } from './log-binding.js';

/** What a note of the trace marks; the bytes of an ack are its whole line. */
export const noteKinds = { ack: 1 } as const;

/** Everything that the Ios of a data directory did, for a checker that rebuilds what a crash could have left. */
export class IoTrace {
  readonly native: BindingTrace;

  private constructor(native: BindingTrace) {
    this.native = native;
  }

  /** Replaces the file. */
  static create(path: string): Result<IoTrace, Failure> {
    const created = resultOf(loadAddon().createTrace(path));
    return created.ok ? ok(new IoTrace(created.value)) : created;
  }

  /** Marks this moment. The kernel has the note, and all before it, on return. */
  note(kind: number, bytes: Uint8Array): void {
    this.native.note(kind, bytes);
  }

  /** A failure if the trace has a hole. */
  flush(): Failure | undefined {
    return this.native.flush() ?? undefined;
  }
}

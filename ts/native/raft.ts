import { assert } from '../model/assert.js';
import type { Result } from '../model/result.js';
import { type Failure, resultOf } from './failure.js';
import type { BindingConsensus, ConsensusState, ConsensusTurn, LogEntry, LogPlace } from './raft-binding.js';

export type { ConsensusState, ConsensusTurn, LogEntry, LogPlace } from './raft-binding.js';

/**
 * The metadata log: raft on the metadata journal. Every call blocks until what it answers is durable. After a failure of the device
 * every call fails: the node ends, and the next start tells what became of the last proposals.
 *
 * Lives on: the thread that opened the data directory. Ends when: `close`, before the directory's own.
 */
export class Consensus {
  readonly #native: BindingConsensus;

  constructor(native: BindingConsensus) {
    this.#native = native;
  }

  state(): ConsensusState {
    const state = this.#native.state();
    assert(state !== null, 'the metadata log was closed');
    return state;
  }

  /** What everything that turns hand out follows on: entries behind it come out of the first turns. */
  snapshot(): LogEntry {
    const snapshot = this.#native.snapshot();
    assert(snapshot !== null, 'the metadata log was closed');
    return snapshot;
  }

  /** Stands for election now: a quorum of one is its own leader at once. */
  campaign(): Failure | undefined {
    return this.#native.campaign() ?? undefined;
  }

  /** Where the content will stand if it is committed: there with this quorum epoch, or nowhere. */
  propose(content: Uint8Array): Result<LogPlace, Failure> {
    assert(content.length > 0, 'an entry without content is a new leader’s first');
    return resultOf(this.#native.propose(content));
  }

  /** A message of another node. */
  step(message: Uint8Array): Failure | undefined {
    return this.#native.step(message) ?? undefined;
  }

  tick(): Failure | undefined {
    return this.#native.tick() ?? undefined;
  }

  /** Makes durable what is due and hands out what rests on it. */
  turn(): Result<ConsensusTurn, Failure> {
    return resultOf(this.#native.turn());
  }

  /** Replaces everything up to an index that was handed out by records that make the same image. */
  compact(index: number, content: Uint8Array): Failure | undefined {
    return this.#native.compact(index, content) ?? undefined;
  }

  /** Due when commands pause: the last append gets its witness. */
  rest(): Failure | undefined {
    return this.#native.rest() ?? undefined;
  }

  close(): Failure | undefined {
    return this.#native.close() ?? undefined;
  }
}

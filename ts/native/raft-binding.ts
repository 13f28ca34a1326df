import type { Failure } from './failure.js';

/** What native/src/binding/consensus.rs exports. */
export interface BindingConsensus {
  state(): ConsensusState | null;
  snapshot(): LogEntry | null;
  campaign(): Failure | null;
  propose(content: Uint8Array): LogPlace | Failure;
  step(message: Uint8Array): Failure | null;
  tick(): Failure | null;
  turn(): ConsensusTurn | Failure;
  compact(index: number, content: Uint8Array): Failure | null;
  rest(): Failure | null;
  close(): Failure | null;
}

/** Where something stands in the metadata log. */
export interface LogPlace {
  readonly index: number;
  /** Raft's term. */
  readonly quorumEpoch: number;
}

export interface LogEntry extends LogPlace {
  /** Records one behind the other; empty where a new leader began. */
  readonly content: Uint8Array;
}

export interface ConsensusTurn {
  /** A leader sent it: it replaces everything handed out before, and comes before `committed`. */
  readonly snapshot?: LogEntry;
  readonly committed: readonly LogEntry[];
  readonly outgoing: readonly { readonly to: number; readonly message: Uint8Array }[];
}

export interface ConsensusState {
  readonly node: number;
  /** 0: none is known. */
  readonly leader: number;
  readonly isLeader: boolean;
  readonly quorumEpoch: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly snapshotIndex: number;
  readonly snapshotSize: number;
  readonly journalSize: number;
}

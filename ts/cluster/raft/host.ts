import type { Result } from '../../model/result.js';
import type { Failure } from '../../native/failure.js';
import type { ConsensusState, ConsensusTurn, LogEntry, LogPlace } from '../../native/raft.js';

/** The metadata log as ts/native/raft.ts gives it. Every call blocks until what it answers is durable. */
export interface MetadataLog {
  state(): ConsensusState;
  snapshot(): LogEntry;
  campaign(): Failure | undefined;
  propose(content: Uint8Array): Result<LogPlace, Failure>;
  step(message: Uint8Array): Failure | undefined;
  tick(): Failure | undefined;
  turn(): Result<ConsensusTurn, Failure>;
  compact(index: number, content: Uint8Array): Failure | undefined;
  rest(): Failure | undefined;
  close(): Failure | undefined;
}

export interface RaftEvents {
  /** Replaces everything applied before. */
  replace(content: Uint8Array): void;
  /** The next content of the log, in its order. */
  apply(content: Uint8Array): void;
  /** For another node. */
  send(to: number, message: Uint8Array): void;
  /** The journal failed, or the log says what cannot be: the node ends. */
  fail(failure: Failure): void;
}

/** `lost`: another leader's entry stands there. `unknown`: the journal failed; the next start tells. */
export type ProposalEnd = 'committed' | 'lost' | 'unknown';

interface Proposal {
  readonly place: LogPlace;
  readonly end: (end: ProposalEnd) => void;
}

/** A journal is written anew when it has grown by so much beyond four times its snapshot. native/src/store/topics.rs does alike. */
const journalGrowthMax = 2 ** 20;

/**
 * Drives the consensus engine: the only file of the control plane that touches a disk.
 *
 * Lives on: the cluster thread. Owned by: Controller. Not reentrant: what it calls must not call it.
 */
export class RaftHost {
  readonly #log: MetadataLog;
  readonly #events: RaftEvents;
  readonly #proposals: Proposal[] = [];
  #applied = 0;
  #hasFailed = false;
  #isRested = true;

  constructor(log: MetadataLog, events: RaftEvents) {
    this.#log = log;
    this.#events = events;
  }

  /** Hands out the snapshot, then all that is certain behind it. A quorum of one leads from here on. */
  start(isAlone: boolean): void {
    const { index, content } = this.#log.snapshot();
    this.#applied = index;
    this.#events.replace(content);
    if (isAlone) this.#check(this.#log.campaign());
    this.turn();
  }

  get isLeader(): boolean {
    return !this.#hasFailed && this.#log.state().isLeader;
  }

  /** Places the content in the log; the next turn makes it durable. `end` is called from a turn. A failure: nothing was proposed. */
  propose(content: Uint8Array, end: (end: ProposalEnd) => void): Failure | undefined {
    const placed = this.#log.propose(content);
    if (!placed.ok) return placed.error;
    this.#proposals.push({ place: placed.value, end });
    return undefined;
  }

  /** A message of another node. */
  step(message: Uint8Array): void {
    if (this.#hasFailed) return;
    // A message that is none hurts only whoever sent it.
    const failure = this.#log.step(message);
    if (failure?.code === 'io') this.#check(failure);
    this.turn();
  }

  /** One unit of raft's time. */
  tick(): void {
    if (this.#hasFailed) return;
    this.#check(this.#log.tick());
    this.turn();
  }

  turn(): void {
    if (this.#hasFailed) return;
    const turn = this.#log.turn();
    if (!turn.ok) {
      this.#fail(turn.error);
      return;
    }
    const { snapshot, committed, outgoing } = turn.value;
    if (committed.length > 0 || snapshot !== undefined) this.#isRested = false;
    for (const { to, message } of outgoing) this.#events.send(to, message);
    if (snapshot !== undefined) {
      this.#applied = snapshot.index;
      this.#events.replace(snapshot.content);
      // What stood below it may be in it, or may be not: nobody here can tell any more.
      for (const { end } of this.#proposals.splice(0)) end('unknown');
    }
    for (const entry of committed) this.#commit(entry);
  }

  #commit({ index, quorumEpoch, content }: LogEntry): void {
    this.#applied = index;
    if (content.length > 0) this.#events.apply(content);
    while ((this.#proposals[0]?.place.index ?? Number.POSITIVE_INFINITY) <= index) {
      const proposal = this.#proposals.shift();
      proposal?.end(proposal.place.index === index && proposal.place.quorumEpoch === quorumEpoch ? 'committed' : 'lost');
    }
  }

  /** Has the journal grown enough to be written anew? */
  get isLong(): boolean {
    if (this.#hasFailed) return false;
    const { journalSize, snapshotSize, snapshotIndex } = this.#log.state();
    return this.#applied > snapshotIndex && journalSize > journalGrowthMax + 4 * snapshotSize;
  }

  /** `content` makes the image as it is now. */
  compact(content: Uint8Array): void {
    if (!this.#hasFailed) this.#check(this.#log.compact(this.#applied, content));
  }

  get isRested(): boolean {
    return this.#isRested;
  }

  /** Due when commands pause, once. */
  rest(): void {
    if (this.#hasFailed || this.#isRested) return;
    this.#isRested = true;
    this.#check(this.#log.rest());
  }

  close(): void {
    for (const { end } of this.#proposals.splice(0)) end('unknown');
    const failure = this.#log.close();
    if (!this.#hasFailed) this.#check(failure);
  }

  #check(failure: Failure | undefined): void {
    if (failure !== undefined) this.#fail(failure);
  }

  #fail(failure: Failure): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    for (const { end } of this.#proposals.splice(0)) end('unknown');
    this.#events.fail(failure);
  }
}

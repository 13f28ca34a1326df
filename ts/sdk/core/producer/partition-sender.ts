import { assert } from '../../../model/assert.js';
import type { ProduceResult } from '../../../wire/proto/generated/messages.js';
import { connectionLost, DeliveryUncertainError, errorNamedAs, type MillraceError } from '../errors.js';
import type { Outcome } from './outcome.js';

// What is sent when for one partition: pure, so that a model server can do its worst to it (partition-sender.test.ts).
//
// The promise: of what this hands out, nothing is stored twice, nothing in another order than it came, and nothing is reported
// stored that is not. A broker tells duplicates by producer id and sequence, and remembers five batches; an unknown producer may
// begin at any sequence. From that follow the rules below.
//
// 1. From the oldest open batch to the newest there are at most five, those in between that are acknowledged counted: a sixth one
//    stored, and the log would not know the oldest any more when it comes again. And there is a single one until the log has
//    acknowledged one: behind a refused first batch the log would take a second one for the producer's beginning.
// 2. After any failure nothing new goes out until all that is under way is answered; then they go again, in order, with the
//    sequences that they had.
// 3. A batch that is refused for good leaves a hole. If it was surely never stored, those behind it close up. If it may have been
//    stored, what comes after it gets a new producer id, and what was under way behind it fails too: sent under a new id it
//    could be there twice.
// 4. If the log took a batch although one before it was refused (it had forgotten this producer), the refused one fails: stored
//    now, it would stand behind its successor.

export interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface SentBatch {
  /** Of its records. */
  readonly count: number;
  /** On the sender's clock: after this it is not sent again. */
  readonly deadline: number;
}

/** A batch on its way. Its sequence is undefined until it is first taken, and where sequences are not used. */
export interface Entry<Batch extends SentBatch> {
  readonly batch: Batch;
  readonly sequence: number | undefined;
  readonly identity: Identity | undefined;
  readonly attempts: number;
}

interface MutableEntry<Batch extends SentBatch> extends Entry<Batch> {
  sequence: number | undefined;
  identity: Identity | undefined;
  attempts: number;
  /** Counts the batches that were numbered. */
  ordinal: number;
  isUnderWay: boolean;
  isMaybeStored: boolean;
  /** One before it was refused while this was under way: a gap is no surprise. */
  isBehindRefused: boolean;
  /** One behind it is stored. */
  isOvertaken: boolean;
}

export type Settled<Batch extends SentBatch> =
  | { readonly batch: Batch; readonly result: ProduceResult | undefined; readonly error?: undefined }
  | { readonly batch: Batch; readonly error: MillraceError };

/** What has to happen once nothing is under way. */
type Restart = 'none' | 'renumber' | 'new-identity';

export interface SenderSettings {
  readonly isIdempotent: boolean;
  /** False: what may have been stored is not sent again. */
  readonly isRepeated: boolean;
  readonly underWayMax: number;
}

/** Batches that a log may forget before they are answered are never told from duplicates. */
export const underWayLimit = 5;
const sequenceBound = 2 ** 31;
/** New producer ids for the same batch, one after the other, before it is given up. */
const identitiesMax = 3;

export class PartitionSender<Batch extends SentBatch> {
  readonly #settings: SenderSettings;
  /** In the order in which they came. Those with a sequence are the first ones. */
  #entries: MutableEntry<Batch>[] = [];
  #underWay = 0;
  #identity: Identity | undefined;
  #identitiesInARow = 0;
  #nextSequence = 0;
  #nextOrdinal = 0;
  /** The log has acknowledged a batch under this identity. */
  #isKnownToLog = false;
  #isRecovering = false;
  #restart: Restart = 'none';
  /** Why the last attempt is repeated. */
  #lastFailure: MillraceError | undefined;
  /** The first sequence that the present failures leave unused. */
  #holeAt: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(settings: SenderSettings) {
    assert(settings.underWayMax >= 1 && settings.underWayMax <= underWayLimit, `${settings.underWayMax} batches under way`);
    this.#settings = settings;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Batches that nobody has taken yet, or that go again. */
  get waitingCount(): number {
    return this.#entries.length - this.#underWay;
  }

  /** Whether nothing can go before `setIdentity`. */
  get needsIdentity(): boolean {
    return this.#settings.isIdempotent && this.#identity === undefined && !this.isEmpty && !this.#isRecovering;
  }

  setIdentity(identity: Identity): void {
    assert(this.#identity === undefined, 'a producer id where there is one');
    this.#identity = identity;
    this.#nextSequence = 0;
    this.#isKnownToLog = false;
  }

  push(batch: Batch): void {
    this.#entries.push({
      batch,
      sequence: undefined,
      identity: undefined,
      attempts: 0,
      ordinal: 0,
      isUnderWay: false,
      isMaybeStored: false,
      isBehindRefused: false,
      isOvertaken: false,
    });
  }
  /** When `take` may answer again after a failure. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** The next batch to send; undefined: none now. */
  next(now: number): Batch | undefined {
    return this.#next(now)?.batch;
  }

  /** What `next` answers is under way from now on. */
  take(now: number): Entry<Batch> | undefined {
    const entry = this.#next(now);
    if (entry === undefined) return undefined;
    if (this.#settings.isIdempotent && entry.sequence === undefined) this.#number(entry);
    entry.isUnderWay = true;
    entry.attempts++;
    this.#underWay++;
    return entry;
  }

  #next(now: number): MutableEntry<Batch> | undefined {
    if (this.#isRecovering || now < this.#notBefore || this.#underWay >= this.#underWayMax()) return undefined;
    if (this.#settings.isIdempotent && this.#identity === undefined) return undefined;
    const entry = this.#entries.find(({ isUnderWay }) => !isUnderWay);
    const isNew = this.#settings.isIdempotent && entry?.sequence === undefined;
    return isNew && !this.#isWithinMemory() ? undefined : entry;
  }

  /** The server has answered. `retryAt`: when what failed may go again. */
  answer(entry: Entry<Batch>, outcome: Outcome, retryAt: number): readonly Settled<Batch>[] {
    const mine = entry as MutableEntry<Batch>;
    const index = this.#entries.indexOf(mine);
    assert(index >= 0 && mine.isUnderWay, 'an answer to what is not under way');
    mine.isUnderWay = false;
    this.#underWay--;
    const settled = this.#judge(mine, index, outcome);
    if (outcome.kind !== 'stored') {
      this.#isRecovering = true;
      this.#notBefore = Math.max(this.#notBefore, retryAt);
    }
    return [...settled, ...this.#recovered()];
  }

  /** The connection is gone with all answers that were to come. */
  lost(): readonly Settled<Batch>[] {
    if (!this.#settings.isRepeated) return this.#giveUpUnderWay();
    for (const entry of this.#entries) {
      if (!entry.isUnderWay) continue;
      entry.isUnderWay = false;
      entry.isMaybeStored = true;
    }
    if (this.#underWay > 0) this.#isRecovering = true;
    this.#underWay = 0;
    return this.#recovered();
  }

  #giveUpUnderWay(): readonly Settled<Batch>[] {
    const given = this.#entries.filter(({ isUnderWay }) => isUnderWay);
    this.#entries = this.#entries.filter(({ isUnderWay }) => !isUnderWay);
    this.#underWay = 0;
    return given.map(({ batch }) => ({ batch, error: uncertain(connectionLost('it was under way')) }));
  }

  /** Gives up what is too old and not under way. */
  expire(now: number): readonly Settled<Batch>[] {
    const late = this.#entries.filter(({ batch, isUnderWay }) => !isUnderWay && batch.deadline <= now);
    if (late.length === 0) return [];
    const why = this.#lastFailure === undefined ? '' : `: ${this.#lastFailure.reason}`;
    const error = errorNamedAs('timed-out', `not acknowledged in time${why}`);
    const settled = late.flatMap((entry) => [...this.#refuse(entry, entry.isMaybeStored, error)]);
    this.#isRecovering = this.#restart !== 'none' || this.#isRecovering;
    return [...settled, ...this.#recovered()];
  }

  /** Fails all: nothing will be sent any more. */
  end(error: MillraceError): readonly Settled<Batch>[] {
    const settled = this.#entries.map(({ batch, isMaybeStored, isUnderWay }) => ({
      batch,
      error: isMaybeStored || isUnderWay ? uncertain(error) : error,
    }));
    this.#entries = [];
    this.#underWay = 0;
    return settled;
  }

  #underWayMax(): number {
    const isSure = !this.#settings.isIdempotent || this.#isKnownToLog;
    return isSure ? this.#settings.underWayMax : 1;
  }

  /** Whether the log would still know the oldest open batch if all that follows it, one more included, were stored. */
  #isWithinMemory(): boolean {
    const [oldest] = this.#entries;
    return oldest?.sequence === undefined || this.#nextOrdinal - oldest.ordinal < underWayLimit;
  }

  #number(entry: MutableEntry<Batch>): void {
    entry.sequence = this.#nextSequence;
    entry.ordinal = this.#nextOrdinal++;
    entry.identity = this.#identity;
    this.#nextSequence = (this.#nextSequence + entry.batch.count) % sequenceBound;
  }

  #judge(entry: MutableEntry<Batch>, index: number, outcome: Outcome): readonly Settled<Batch>[] {
    switch (outcome.kind) {
      case 'stored':
        return this.#stored(entry, index, outcome.result);
      case 'again':
        if (outcome.isMaybeStored && !this.#settings.isRepeated) return this.#refuse(entry, true, outcome.error);
        entry.isMaybeStored ||= outcome.isMaybeStored;
        this.#lastFailure = outcome.error;
        return this.#isTooLate(entry) ? this.#overtaken(entry) : [];
      case 'refused':
        return this.#refuse(entry, entry.isMaybeStored || outcome.isMaybeStored, outcome.error);
      case 'gap':
        if (this.#isTooLate(entry)) return this.#overtaken(entry);
        // Something before it failed: that goes first, then this again.
        if (index > 0 || entry.isBehindRefused) return [];
        return this.#losesTrack(entry, outcome.error);
      case 'unknown-producer':
        if (this.#isTooLate(entry)) return this.#overtaken(entry);
        return this.#losesTrack(entry, outcome.error);
    }
  }

  #stored(entry: MutableEntry<Batch>, index: number, result: ProduceResult | undefined): readonly Settled<Batch>[] {
    // Refused, yet what came behind it was taken: the log's idea of this producer is not ours.
    if (entry.isBehindRefused) this.#restart = 'new-identity';
    const before = this.#entries.slice(0, index);
    this.#remove(entry);
    this.#isKnownToLog = true;
    this.#identitiesInARow = 0;
    const settled = before.flatMap((other) => [...this.#overtake(other)]);
    return [...settled, { batch: entry.batch, result }];
  }

  /** What may be stored is asked about again: a duplicate is the proof. */
  #overtake(entry: MutableEntry<Batch>): readonly Settled<Batch>[] {
    entry.isOvertaken = entry.sequence !== undefined;
    return !entry.isOvertaken || entry.isUnderWay || entry.isMaybeStored ? [] : this.#overtaken(entry);
  }

  #isTooLate({ isOvertaken, isMaybeStored }: MutableEntry<Batch>): boolean {
    return isOvertaken && !isMaybeStored;
  }

  #overtaken(entry: MutableEntry<Batch>): readonly Settled<Batch>[] {
    this.#isRecovering = true;
    this.#restart = 'new-identity';
    this.#remove(entry);
    return [{ batch: entry.batch, error: errorNamedAs('out-of-order-sequence', 'a later batch was stored before this one') }];
  }

  /** The log knows less of this producer than it acknowledged. */
  #losesTrack(entry: MutableEntry<Batch>, error: MillraceError): readonly Settled<Batch>[] {
    this.#restart = 'new-identity';
    if (!entry.isMaybeStored && this.#identitiesInARow < identitiesMax) return [];
    this.#remove(entry);
    return [{ batch: entry.batch, error: entry.isMaybeStored ? uncertain(error) : error }];
  }

  #refuse(entry: MutableEntry<Batch>, isMaybeStored: boolean, error: MillraceError): readonly Settled<Batch>[] {
    const behind = this.#entries.slice(this.#entries.indexOf(entry) + 1);
    this.#remove(entry);
    if (entry.sequence !== undefined) {
      if (isMaybeStored || entry.isOvertaken) this.#restart = 'new-identity';
      else if (this.#restart === 'none') this.#restart = 'renumber';
      if (this.#holeAt === undefined || precedes(entry.sequence, this.#holeAt)) this.#holeAt = entry.sequence;
      for (const other of behind) other.isBehindRefused = other.isUnderWay;
    }
    return [{ batch: entry.batch, error: isMaybeStored ? uncertain(error) : error }];
  }

  #remove(entry: MutableEntry<Batch>): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  /** Once nothing is under way: what the failures ask for, then sending goes on. */
  #recovered(): readonly Settled<Batch>[] {
    if (!this.#isRecovering || this.#underWay > 0) return [];
    this.#isRecovering = false;
    const restart = this.#restart;
    const holeAt = this.#holeAt;
    this.#restart = 'none';
    this.#holeAt = undefined;
    for (const entry of this.#entries) entry.isBehindRefused = false;
    if (restart === 'none') return [];
    const numbered = this.#entries.filter(({ sequence }) => sequence !== undefined);
    // Where an old attempt of one that follows may still arrive, its number must not be given to another.
    const isClosable = restart === 'renumber' && holeAt !== undefined && !numbered.some(({ isMaybeStored }) => isMaybeStored);
    if (!isClosable) return this.#renew(numbered);
    this.#renumber(numbered, holeAt);
    return [];
  }

  #renumber(numbered: readonly MutableEntry<Batch>[], holeAt: number): void {
    const first = numbered[0]?.sequence ?? holeAt;
    this.#nextSequence = precedes(first, holeAt) ? first : holeAt;
    for (const entry of numbered) entry.sequence = undefined;
  }

  #renew(numbered: readonly MutableEntry<Batch>[]): readonly Settled<Batch>[] {
    const lost = numbered.filter(({ isMaybeStored }) => isMaybeStored);
    const error = errorNamedAs('out-of-order-sequence', 'the batch before it failed');
    for (const entry of lost) this.#remove(entry);
    for (const entry of this.#entries) {
      entry.sequence = undefined;
      entry.isOvertaken = false;
    }
    this.#identity = undefined;
    this.#identitiesInARow++;
    return lost.map(({ batch }) => ({ batch, error: uncertain(error) }));
  }
}

/** Of two sequences that lie near one another, though they wrap. */
function precedes(a: number, b: number): boolean {
  const distance = (b - a + sequenceBound) % sequenceBound;
  return distance > 0 && distance < sequenceBound / 2;
}

function uncertain(cause: MillraceError): DeliveryUncertainError {
  return new DeliveryUncertainError('delivery-uncertain', `sent, but it is not known whether it was stored: ${cause.message}`);
}

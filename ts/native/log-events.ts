import { failed, ok, type Result } from '../model/result.js';
import { errnoText, isNoSpace } from './failure.js';
import { type LentSlice, lentIn } from './slices.js';

// The words that native/src/binding/event_words.rs writes, read back; its head draws them.

export const headerWords = 4;
export const eventWords = 9;

/** Why an append was refused: the batch was not written, and nothing of the log's state changed, unless it is `unconfirmed`. */
export const refusalCodes = [
  'too-short',
  'unsupported-magic',
  'invalid-length',
  'trailing-bytes',
  'too-large',
  'corrupt-batch',
  'unknown-compression',
  'records-count',
  'records-count-implausible',
  'last-offset-delta',
  'offset-overflow',
  'base-offset',
  'control-batch-from-client',
  'delete-horizon-from-client',
  'log-append-time-from-client',
  'transactional-from-client',
  'timestamp-out-of-bounds',
  'producer-fields',
  'transactional-without-producer',
  'out-of-order-sequence',
  'stale-producer-epoch',
  'offset-below-end',
  'leader-epoch-went-back',
  'leader-epoch-used',
  'no-space',
  'fenced',
  'unknown-partition',
  'damaged',
  'log-full',
  'unconfirmed',
] as const;

type RefusalCode = (typeof refusalCodes)[number];

/** Why a control operation or a read failed; the first stands for success. */
export const storeCodes = [
  'none',
  'io',
  'unknown-partition',
  'damaged',
  'fenced',
  'busy',
  'out-of-range',
  'corrupt',
  'leader-epoch-used',
] as const;

export interface StoreFailure {
  readonly code: Exclude<(typeof storeCodes)[number], 'none'> | 'no-space';
  readonly message: string;
}

export interface Ack {
  readonly partition: number;
  readonly ticket: number;
  readonly base: number;
  /** The offset behind the batch. */
  readonly next: number;
  readonly crc: number;
  readonly timestamp: number;
  readonly isReplicated: boolean;
  /** Stored before: these are the offsets it got then. */
  readonly isDuplicate: boolean;
  /** Under which it is stored; -1: before the history's start. */
  readonly leaderEpoch: number;
}

export interface Refusal {
  readonly partition: number;
  readonly ticket: number;
  readonly code: RefusalCode;
  /** What was expected and got, stored and computed, size and maximum: as the code has it. */
  readonly details: readonly [number, number, number];
}

export interface FileRead {
  /** Bytes that wait for `takeRead`. */
  readonly size: number;
  /** The offset behind the last batch. */
  readonly next: number;
  /** Above zero: the first batch is of this size, which is more than was asked for, and was not read. */
  readonly roomWanted: number;
}

export interface Found {
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/** Who is told, in the order in which things happened. */
export interface LogEvents {
  appended(ack: Ack): void;
  refused(refusal: Refusal): void;
  done(partition: number, ticket: number): void;
  controlFailed(partition: number, ticket: number, failure: StoreFailure): void;
  read(partition: number, ticket: number, result: Result<FileRead, StoreFailure>): void;
  /** Undefined: no record is that young. */
  found(partition: number, ticket: number, result: Result<Found | undefined, StoreFailure>): void;
  /** Of a read in place that was pending, because something of it had left memory. */
  lent?(partition: number, ticket: number, slice: LentSlice): void;
  /** Something waits for the file of a lease: give it back. For those who read in place. */
  recalled?(partition: number, lease: number): void;
  fenced(by: 'journal' | 'segment' | 'checkpoint', reason: string): void;
}

type Deliver = (words: Float64Array, at: number, events: LogEvents) => void;

const deliveries: readonly (Deliver | undefined)[] = [
  undefined,
  deliverAppended,
  deliverRefused,
  (words, at, events) => events.done(word(words, at + 1), word(words, at + 2)),
  (words, at, events) => events.controlFailed(word(words, at + 1), word(words, at + 2), storeFailure(words, at + 3)),
  deliverRead,
  deliverFound,
  deliverFenced,
  (words, at, events) => events.recalled?.(word(words, at + 1), word(words, at + 2)),
  (words, at, events) => events.lent?.(word(words, at + 1), word(words, at + 2), lentIn(words, at + 3)),
];

/** Tells of each event in the words. */
export function deliverEvents(words: Float64Array, events: LogEvents): void {
  const end = headerWords + word(words, 0) * eventWords;
  for (let at = headerWords; at < end; at += eventWords) {
    const deliver = deliveries[word(words, at)];
    if (deliver === undefined) throw new Error(`an event of kind ${word(words, at)}`);
    deliver(words, at, events);
  }
}

function word(words: Float64Array, at: number): number {
  return words[at] ?? 0;
}

function deliverAppended(words: Float64Array, at: number, events: LogEvents): void {
  events.appended({
    partition: word(words, at + 1),
    ticket: word(words, at + 2),
    base: word(words, at + 3),
    next: word(words, at + 4),
    crc: word(words, at + 5),
    timestamp: word(words, at + 6),
    isReplicated: (word(words, at + 7) & 1) !== 0,
    isDuplicate: (word(words, at + 7) & 2) !== 0,
    leaderEpoch: word(words, at + 8),
  });
}

function deliverRefused(words: Float64Array, at: number, events: LogEvents): void {
  const code = refusalCodes[word(words, at + 3)];
  if (code === undefined) throw new Error(`a refusal of code ${word(words, at + 3)}`);
  const details = [word(words, at + 4), word(words, at + 5), word(words, at + 6)] as const;
  events.refused({ partition: word(words, at + 1), ticket: word(words, at + 2), code, details });
}

function deliverRead(words: Float64Array, at: number, events: LogEvents): void {
  const isRead = word(words, at + 3) === 0;
  const result = isRead ? ok(fileReadIn(words, at + 4)) : failed(storeFailure(words, at + 3));
  events.read(word(words, at + 1), word(words, at + 2), result);
}

function fileReadIn(words: Float64Array, at: number): FileRead {
  return { size: word(words, at), next: word(words, at + 1), roomWanted: word(words, at + 2) };
}

function deliverFound(words: Float64Array, at: number, events: LogEvents): void {
  const isSearched = word(words, at + 3) === 0;
  events.found(
    word(words, at + 1),
    word(words, at + 2),
    isSearched ? ok(foundIn(words, at + 4)) : failed(storeFailure(words, at + 3)),
  );
}

function foundIn(words: Float64Array, at: number): Found | undefined {
  const offset = word(words, at);
  return offset < 0 ? undefined : { offset, timestamp: word(words, at + 1), leaderEpoch: word(words, at + 2) };
}

function deliverFenced(words: Float64Array, at: number, events: LogEvents): void {
  const by = (['journal', 'segment', 'checkpoint'] as const)[word(words, at + 3)];
  if (by === undefined) throw new Error(`fenced by ${word(words, at + 3)}`);
  events.fenced(by, errnoText(word(words, at + 4)));
}

/** A code and its details, as a failure. */
function storeFailure(words: Float64Array, at: number): StoreFailure {
  return storeFailureOf(word(words, at), word(words, at + 1), word(words, at + 2), word(words, at + 3));
}

export function storeFailureOf(index: number, first: number, second: number, third: number): StoreFailure {
  const code = storeCodes[index];
  if (code === undefined || code === 'none') throw new Error(`a failure of code ${index}`);
  switch (code) {
    case 'io':
      return { code: isNoSpace(first) ? 'no-space' : code, message: errnoText(first) };
    case 'out-of-range':
      return { code, message: `the log reaches from ${first} to ${second}` };
    case 'corrupt':
      return { code, message: `the batch of offset ${first} is damaged: segment ${second}, position ${third}` };
    case 'unknown-partition':
      return { code, message: 'there is no such partition' };
    case 'damaged':
      return { code, message: 'the partition is damaged' };
    case 'fenced':
      return { code, message: 'a write or sync failed: the log directory takes no more' };
    case 'busy':
      return { code, message: 'another change of this partition is under way' };
    case 'leader-epoch-used':
      return { code, message: `leader epoch ${second} is not above ${first}, which may have written here` };
  }
}

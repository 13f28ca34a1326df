// What passes between a gateway and a shard beside the batches themselves: small requests one way, replies the other, each in a
// slot of a ring that JavaScript reads (ts/ring/layout.ts).
//
//   slot      target     flags   ticket                      payload
//   request   handle     kind    sequence · 64 + gateway     words
//   reply     handle     kind    of the request; tail: 0     words, then bytes
//   batch     handle     0       sequence · 64 + gateway     the batch; read by native code, which tells the ticket back
//
// Words are 64-bit floats, which hold every offset exactly. A payload begins at a multiple of 32 bytes.
//
// A failure carries its words as JSON, as it is rare and has text.

import { assert } from '../../model/assert.js';
import { layout as ringLayout } from '../layout.js';

/** `largeRead` is a read whose bytes come by message port: their room is not the reply ring's. */
export const requestKind = {
  read: 1,
  find: 2,
  epochEnd: 3,
  describe: 4,
  watch: 5,
  unwatch: 6,
  largeRead: 7,
  raiseLogStart: 8,
  producers: 9,
  /** Unanswered: a lease has ended. */
  giveBack: 10,
  /** Unanswered: answer memory is the shard's again. */
  giveBackMemory: 11,
} as const;

export const replyKind = {
  /** Of many batches: words of each, one behind the other. */
  appended: 1,
  failed: 2,
  /** Ends, then what was read: slices in ring memory. */
  slices: 3,
  /** Ends, then what was read: its bytes. */
  bytes: 4,
  /** What else was asked for, as words. */
  answer: 5,
  /** As `slices`, unasked: the high watermark of a watched partition has moved. */
  tail: 6,
  /** Of a read: the first batch is larger than what was asked for. Its size. */
  roomWanted: 7,
  /** Ends, then where in a file: lease, file, position. */
  lent: 8,
  /** Unasked: the lease that it names is wanted back. */
  recalled: 9,
  /** Ends, then where in answer memory: its number. */
  kept: 10,
} as const;

/** What a large read may be answered with, besides slices and bytes of its own: the third of its words. */
export const heldBits = { inAnswerMemory: 1, inFiles: 2 } as const;

export const wordSize = 8;

/** ticket · base · next · timestamp · leader epoch · log start · marks */
export const appendedWords = 7;
/** Bits of the marks. */
export const appendedMark = { replicated: 1, duplicate: 2 } as const;

/** log start · high watermark · base · next · leader epoch · count of slices, or size of the bytes */
export const readWords = 6;
/** ring · position's high half · its low half · byte offset in the ring's data area · size */
export const sliceWords = 5;
/** lease · file · position */
export const placeWords = 3;
/** In one reply. */
export const slicesMax = 256;

/** id · epoch · last sequence · timestamp */
export const producerWords = 4;
/** In one reply. */
export const producersMax = 1000;

/** Which gateway a ticket came from, so that a shard needs no table of them; the last number is the shard's own. */
const gatewaysMax = 64;
const shardItself = gatewaysMax - 1;

/** Of batches and requests alike: a failure names nothing but its ticket. */
export function linkTicket(sequence: number, gateway: number): number {
  assert(gateway < shardItself, `at most ${shardItself} gateways`);
  return sequence * gatewaysMax + gateway;
}

/** Of a batch of a coordinator that lives in the shard. */
export function internalTicket(sequence: number): number {
  return sequence * gatewaysMax + shardItself;
}

export function isInternal(ticket: number): boolean {
  return gatewayOf(ticket) === shardItself;
}

export function gatewayOf(ticket: number): number {
  return ticket % gatewaysMax;
}

/** Of a reply, with its slot's header, besides the bytes or slices that its request has asked for. */
const replySizeMax = 256;
/** Of a failure's words: longer ones are cut. */
export const failureSizeMax = replySizeMax - ringLayout.slotHeaderSize;

/** How much a gateway may have under way, so that every reply finds room in its ring: a shard never waits for a gateway. */
export function linkLimits(replyCapacity: number) {
  return {
    /** Replies of appends take a quarter of the ring at most, even if all of them fail. */
    appendsMax: Math.floor(replyCapacity / 4 / replySizeMax),
    /** Bytes of reads, another quarter. */
    readSizeMax: replyCapacity / 4,
    requestsMax: Math.floor(replyCapacity / 8 / replySizeMax),
  } as const;
}

/** What a read may ask for; a batch that is larger is asked for by a large read. */
export function bytesMax(replyCapacity: number): number {
  return replyCapacity / 16;
}

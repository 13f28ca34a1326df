// The bytes of a ring, and who writes them. Twin of native/src/ring/layout.rs, which draws the slots too and tells why;
// test/golden/ring-layout.json freezes both.
//
//  byte   word             size  single writer  read by
//     0   magic             8    initialise     all          written once, before any other
//     8   format            4    initialise     all          thread knows the ring
//    12   lease count       4    initialise     all
//    16   capacity          8    initialise     all
//   128   tail              8    producer       consumer     end of what is published
//   136   wanted head       8    producer       consumer     0, or the head at which the refused claim fits
//   144   ended             4    producer       consumer     1: nothing more will be published
//   256   head              8    consumer       producer     freed up to here: may be overwritten
//   264   sleeping          4    consumer       producer     1: ring the doorbell after publishing
//   268   closed            4    consumer       producer     1: claims are refused
//   384   floor             8    consumer       readers      below it a lease cannot be taken any more
//   512   read position     8    consumer       inspection   everything below was read
//   640   producer dead     4    supervisor     consumer     1: the producer's thread ended without `ended`
//  2048   lease[0..32]      8    reader N       consumer     oldest position in use, or NONE; one per 64 bytes
//  4096   data              capacity
//
// JavaScript's Atomics are sequentially consistent, so each handshake of native/src/ring/header.rs (store one's own word,
// fence, load the other's) is here a store and a load in that order, without a fence between.
//
// Positions are 64-bit and outlast what a double counts exactly (35 days at 3 GB/s). The words are therefore bigints, which
// cost 15 ns per slot more than 32-bit ones; sizes and byte offsets within the ring are numbers.

export const layout = {
  magic: 7453010373510981997n,
  leaseNone: 18446744073709551615n,
  format: 1,
  stateClaimed: 0,
  statePublished: 1,
  stateHole: 2,
  statePad: 3,
  headerSize: 4096,
  capacityMin: 65536,
  capacityMax: 1073741824,
  alignmentSlack: 4096,
  leasesMax: 32,
  leaseStride: 64,
  slotHeaderSize: 32,
  slotAlignment: 32,
  slotPayloadSize: 0,
  slotState: 4,
  slotTarget: 8,
  slotFlags: 12,
  slotTicket: 16,
  wordMagic: 0,
  wordFormat: 8,
  wordLeaseCount: 12,
  wordCapacity: 16,
  wordTail: 128,
  wordWantedHead: 136,
  wordEnded: 144,
  wordHead: 256,
  wordSleeping: 264,
  wordClosed: 268,
  wordFloor: 384,
  wordReadPosition: 512,
  wordProducerDead: 640,
  wordLeases: 2048,
} as const;

/** Bytes of the ring that a payload of this size takes. */
export function slotSize(payloadSize: number): number {
  const size = layout.slotHeaderSize + payloadSize;
  return (size + layout.slotAlignment - 1) & -layout.slotAlignment;
}

// Record batch v2; native/src/codec/batch/mod.rs draws it. Big-endian. The CRC covers everything from the attributes on.

export const magic = 2;

/** Where each field begins. */
export const layout = {
  baseOffset: 0,
  /** Counts the bytes from 12 on. */
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordsCount: 57,

  prefixSize: 12,
  headerSize: 61,
} as const;

import { totalmem } from 'node:os';

// How `--memory` is split.
//
//   an eighth      what clients send and no ring has taken yet, large batches included
//   an eighth      what sockets have not taken yet
//   a half         rings, over all pairs of gateway and shard: of a pair's share 3/4 batches, the rest replies and requests
//   a sixteenth    batches that no ring can hold, on their way from files to sockets
//   the rest       V8, segment and index caches, journals' buffers
//
// Ring capacities are powers of two, so a ring may have up to half less than its share, never more.

export interface MemoryPlan {
  readonly batchRingCapacity: number;
  readonly replyRingCapacity: number;
  readonly requestRingCapacity: number;
  /** Of one gateway. */
  readonly receiveSizeMax: number;
  readonly sendSizeMax: number;
  readonly readSizeMax: number;
}

const MiB = 1 << 20;

const batchRing = { min: 2 * MiB, max: 64 * MiB };
const replyRing = { min: MiB, max: 16 * MiB };
const requestRing = 256 << 10;

export function planMemory(memory: number, gatewaysCount: number, shardsCount: number): MemoryPlan {
  const pairShare = memory / 2 / (gatewaysCount * shardsCount);
  return {
    batchRingCapacity: capacity((pairShare * 3) / 4, batchRing),
    replyRingCapacity: capacity(pairShare / 4, replyRing),
    requestRingCapacity: requestRing,
    receiveSizeMax: Math.floor(memory / 8 / gatewaysCount),
    sendSizeMax: Math.floor(memory / 8 / gatewaysCount),
    readSizeMax: Math.floor(memory / 16 / gatewaysCount),
  };
}

function capacity(share: number, { min, max }: { readonly min: number; readonly max: number }): number {
  const powerOfTwo = 2 ** Math.floor(Math.log2(share));
  return Math.min(Math.max(powerOfTwo, min), max);
}

/** An eighth of what the machine has, but neither less than a small node needs nor more than rings can use. */
export function defaultMemory(): number {
  return Math.min(Math.max(totalmem() / 8, 256 * MiB), 2048 * MiB);
}

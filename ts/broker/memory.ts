import { totalmem } from 'node:os';

// How `--memory` is split. The process itself comes on top of it: some 90 MiB for Node, the heaps of its threads and the program
// (test/node/memory.test.ts floods a node and looks).
//
//   3/32           what clients send and no ring has taken yet, large batches included
//   3/32           what sockets have not taken yet
//   1/4            rings, over all pairs of gateway and shard: of a pair's share 3/4 batches, the rest replies and requests
//   1/16           batches that no ring can hold, on their way from files to sockets
//   1/16           what Kafka clients fetch, from the read until their sockets took it
//   1/16           frames of Kafka clients, and as much for those that are larger than that takes
//   1/16           requests of Kafka clients that are under way and what they are answered, records left out
//   1/64           what Kafka clients fetch without naming it each time
//   1/32           answers out of files to Kafka clients: memory that is used again
//   13/64          segment and index caches, journals' and reads' buffers, what V8 has not collected yet
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
  readonly gatherSizeMax: number;
  /** Of one pair of gateway and shard. */
  readonly answersSizeMax: number;
  /** Of Kafka clients: the pool that frames are received into, and room for larger ones. */
  readonly kafkaPoolSize: number;
  /** What they asked, and are answered besides records. */
  readonly kafkaBurdenMax: number;
  readonly fetchSessionsSize: number;
}

const MiB = 1 << 20;

const batchRing = { min: 2 * MiB, max: 64 * MiB };
const replyRing = { min: MiB, max: 16 * MiB };
const requestRing = 256 << 10;

export function planMemory(memory: number, gatewaysCount: number, shardsCount: number): MemoryPlan {
  const pairShare = memory / 4 / (gatewaysCount * shardsCount);
  return {
    batchRingCapacity: capacity((pairShare * 3) / 4, batchRing),
    replyRingCapacity: capacity(pairShare / 4, replyRing),
    requestRingCapacity: requestRing,
    receiveSizeMax: Math.floor((memory * 3) / 32 / gatewaysCount),
    sendSizeMax: Math.floor((memory * 3) / 32 / gatewaysCount),
    readSizeMax: Math.floor(memory / 16 / gatewaysCount),
    gatherSizeMax: Math.floor(memory / 16 / gatewaysCount),
    answersSizeMax: Math.floor(memory / 32 / (gatewaysCount * shardsCount)),
    kafkaPoolSize: Math.floor(memory / 16 / gatewaysCount / 65536) * 65536,
    kafkaBurdenMax: Math.floor(memory / 16 / gatewaysCount),
    fetchSessionsSize: Math.floor(memory / 64 / gatewaysCount),
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

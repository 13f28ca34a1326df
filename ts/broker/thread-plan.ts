/** What one thread hosts, by number. */
export interface ThreadPlan {
  readonly gateways: readonly number[];
  readonly shards: readonly number[];
}

/**
 * Every data thread hosts a gateway and a shard: a batch that arrives where its partition lives changes no thread, and the rest
 * cross once. On two cores one such thread measured best (bench/README.md): a second one only competes with the clients.
 */
export function planThreads(shardsCount: number): readonly ThreadPlan[] {
  return Array.from({ length: shardsCount }, (_, number) => ({ gateways: [number], shards: [number] }));
}

/** The cluster thread and the kernel's workers want some room too. */
export function defaultShardsCount(coresCount: number): number {
  return Math.max(1, coresCount - 1);
}

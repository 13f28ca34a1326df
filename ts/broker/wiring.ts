import type { MessagePort } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { coordinatorProbe } from '../coordinator/probe.js';
import { gatewayProbe } from '../gateway/probe.js';
import { newPage, type Page } from '../metrics/page.js';
import { initialiseRing } from '../native/ring.js';
import type { BindingDoorbell } from '../native/ring-binding.js';
import { createDoorbell } from '../native/wakeup.js';
import { allocateRing, type RingMemory } from '../ring/memory.js';
import { shardProbe } from '../shard/probe.js';
import type { MemoryPlan } from './memory.js';
import type { ThreadPlan } from './thread-plan.js';
import { threadProbe } from './thread-probe.js';

/** The memory between one gateway and one shard. */
export interface LinkMemory {
  readonly gateway: number;
  readonly shard: number;
  readonly batches: RingMemory;
  readonly requests: RingMemory;
  readonly replies: RingMemory;
  /** For answers out of files, made when they are wanted. */
  readonly answersSizeMax: number;
}

/** One end of a link, as the thread that hosts it gets it. */
export interface LinkEndWiring {
  readonly memory: LinkMemory;
  /** For batches and reads that no ring can hold. */
  readonly port: MessagePort;
  /** For groups, where the ends are on different threads. */
  readonly groups: MessagePort;
  /** Doorbell of the thread at the other end. */
  readonly doorbell: number;
}

export interface ShardWiring {
  readonly shard: number;
  readonly page: Page;
  /** Of its coordinators. */
  readonly groupsPage: Page;
  /** By gateway. */
  readonly links: readonly LinkEndWiring[];
}

export interface GatewayWiring {
  readonly gateway: number;
  readonly page: Page;
  /** By shard. */
  readonly links: readonly LinkEndWiring[];
  /** The batch rings of each shard, which its reads may point into; by shard, then by gateway. */
  readonly hotRings: readonly (readonly RingMemory[])[];
}

export interface ThreadWiring {
  readonly page: Page;
  /** What any thread of the node measures: a gateway answers for all. */
  readonly pages: readonly Page[];
  readonly doorbell: number;
  readonly shards: readonly ShardWiring[];
  readonly gateways: readonly GatewayWiring[];
}

export interface Wiring {
  readonly threads: readonly ThreadWiring[];
  /** Whoever started the threads keeps their doorbells. */
  readonly doorbells: readonly BindingDoorbell[];
}

/** Allocates every ring between the threads of a plan. Called once, by the thread that outlives all others. */
export function wire(plan: readonly ThreadPlan[], memory: MemoryPlan): Wiring {
  const doorbells = plan.map(() => createDoorbell());
  const bellOf = (kind: 'gateways' | 'shards', number: number) => {
    const thread = plan.findIndex((thread) => thread[kind].includes(number));
    return doorbells[thread]?.id ?? -1;
  };
  const gateways = plan.flatMap((thread) => thread.gateways).sort((one, other) => one - other);
  const shards = plan.flatMap((thread) => thread.shards).sort((one, other) => one - other);
  const links = gateways.map((gateway) => shards.map((shard) => linkOf(gateway, shard, gateways.length, memory)));
  const shardPages = shards.map((shard) => newPage(shardProbe, { shard: String(shard) }));
  const groupsPages = shards.map((shard) => newPage(coordinatorProbe, { shard: String(shard) }));
  const gatewayPages = gateways.map((gateway) => newPage(gatewayProbe, { gateway: String(gateway) }));
  const threadPages = plan.map((_, thread) => newPage(threadProbe, { thread: String(thread) }));
  const pages = [...threadPages, ...shardPages, ...groupsPages, ...gatewayPages];
  const threads = plan.map((thread, index) => ({
    doorbell: doorbells[index]?.id ?? -1,
    page: threadPages[index] ?? newPage(threadProbe),
    pages,
    shards: thread.shards.map((shard) => ({
      shard,
      page: shardPages[shard] ?? newPage(shardProbe),
      groupsPage: groupsPages[shard] ?? newPage(coordinatorProbe),
      links: links.flatMap((row) => {
        const link = row[shard];
        if (link === undefined) return [];
        const { memory, ports, groups } = link;
        return [{ memory, port: ports.port2, groups: groups.port2, doorbell: bellOf('gateways', memory.gateway) }];
      }),
    })),
    gateways: thread.gateways.map((gateway) => ({
      gateway,
      page: gatewayPages[gateway] ?? newPage(gatewayProbe),
      links: (links[gateway] ?? []).map(({ memory, ports, groups }) => {
        return { memory, port: ports.port1, groups: groups.port1, doorbell: bellOf('shards', memory.shard) };
      }),
      hotRings: shards.map((shard) => links.flatMap((row) => row[shard]?.memory.batches ?? [])),
    })),
  }));
  return { threads, doorbells };
}

function linkOf(gateway: number, shard: number, gatewaysCount: number, memory: MemoryPlan) {
  const ring = (capacity: number, leaseCount: number) => allocateRing(initialiseRing, { capacity, leaseCount });
  const link: LinkMemory = {
    gateway,
    shard,
    // Every gateway reads from every shard's rings in place.
    batches: ring(memory.batchRingCapacity, gatewaysCount),
    requests: ring(memory.requestRingCapacity, 0),
    replies: ring(memory.replyRingCapacity, 0),
    answersSizeMax: memory.answersSizeMax,
  };
  return { memory: link, ports: new MessageChannel(), groups: new MessageChannel() };
}

/** The ports that travel with a thread's wiring. */
export function portsOf({ shards, gateways }: ThreadWiring): readonly MessagePort[] {
  return [...shards, ...gateways].flatMap(({ links }) => links.flatMap(({ port, groups }) => [port, groups]));
}

import type { CopyInto } from '../model/ports.js';
import { openDoorbell } from '../native/wakeup.js';
import { Lease } from '../ring/lease.js';
import { GatewayEnd } from '../ring/link/gateway-end.js';
import { HotMemory } from '../ring/link/hot-memory.js';
import { LargeBatches } from '../ring/link/large-batches.js';
import { RingViews } from '../ring/memory.js';
import { RingReader } from '../ring/reader.js';
import { Room } from '../ring/room.js';
import type { Doorbell } from '../ring/wakeup.js';
import { ringWords } from '../ring/words.js';
import { RingWriter } from '../ring/writer.js';
import type { DutyCycle } from './duty-cycle.js';
import { gatewayPort } from './link-ports.js';
import type { GatewayWiring, LinkEndWiring } from './wiring.js';

export interface GatewayLinkOptions {
  readonly duty: DutyCycle;
  /** Of this thread. */
  readonly doorbell: number;
  /** Of batches that no ring can hold, on their way to one shard. */
  readonly largeSizeMax: number;
  /** Of those that are read, on their way from all shards. */
  readonly largeReadSizeMax: number;
  readonly copy: CopyInto;
  /** A lease is about to be given back that the shard wants: nobody may send from this file any more. */
  readonly recalling: (file: number) => void;
}

/** A gateway's ends of its links, by shard, at work on this thread. */
export function openGatewayLinks(wiring: GatewayWiring, options: GatewayLinkOptions): readonly GatewayEnd[] {
  const reads = new Room(options.largeReadSizeMax);
  const ends = wiring.links.map((link) => gatewayEnd(wiring, link, options, reads));
  for (const end of ends) options.duty.add(end, [end], [end]);
  return ends;
}

function gatewayEnd(
  wiring: GatewayWiring,
  { memory, port, doorbell }: LinkEndWiring,
  options: GatewayLinkOptions,
  reads: Room,
): GatewayEnd {
  const { duty, largeSizeMax } = options;
  const bellOf = (id: number): Doorbell => (id === options.doorbell ? duty.ownDoorbell : openDoorbell(id));
  const bell = bellOf(doorbell);
  const rings = {
    batches: new RingWriter(memory.batches, bell),
    requests: new RingWriter(memory.requests, bell),
    requestWords: ringWords(memory.requests),
    replies: new RingReader(memory.replies, bell),
    replyWords: ringWords(memory.replies),
    replyCapacity: memory.replies.capacity,
    copy: options.copy,
  };
  const { recalling } = options;
  const hot = (wiring.hotRings[memory.shard] ?? []).map((ring) => {
    return { data: new RingViews(ring).data, lease: new Lease(ring, wiring.gateway, bell) };
  });
  const batches = new LargeBatches(
    gatewayPort(port, () => duty.wakeSoon()),
    largeSizeMax,
  );
  return new GatewayEnd(wiring.gateway, rings, new HotMemory(hot), { batches, reads, recalling });
}

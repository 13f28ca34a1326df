import type { CoordinatorSettings } from '../coordinator/settings.js';
import { ShardGroups } from '../coordinator/shard-groups.js';
import { assert } from '../model/assert.js';
import type { Clock, DebugLog } from '../model/ports.js';
import { LogStore } from '../native/log.js';
import { fatal } from '../native/process.js';
import { openDoorbell } from '../native/wakeup.js';
import { ShardEnd } from '../ring/link/shard-end.js';
import { RingViews, ringBytes } from '../ring/memory.js';
import { RingReader } from '../ring/reader.js';
import { ringWords } from '../ring/words.js';
import { RingWriter } from '../ring/writer.js';
import { Shard } from '../shard/shard.js';
import { systemRandom } from './clock.js';
import type { DutyCycle } from './duty-cycle.js';
import { shardPort } from './link-ports.js';
import { serveGroups } from './remote-groups.js';
import type { LinkEndWiring, ShardWiring } from './wiring.js';

/** A shard with its log and its links, at work on this thread. */
export interface ShardIsland {
  readonly shard: Shard;
  readonly groups: ShardGroups;
  /** Drains, checkpoints and lets go of the log. Throws nothing: the reason comes back. */
  close(): string | undefined;
}

export interface ShardIslandOptions {
  readonly directory: number;
  readonly clock: Clock;
  readonly duty: DutyCycle;
  /** Of this thread. */
  readonly doorbell: number;
  readonly onFenced: (reason: string) => void;
  readonly onNoSpace: () => void;
  readonly coordinators: CoordinatorSettings;
  /** For people: why some groups are not served at the moment. */
  readonly onGroupsProblem: (problem: string) => void;
  readonly log: DebugLog;
}

export function startShard({ shard: number, links, page, groupsPage }: ShardWiring, options: ShardIslandOptions): ShardIsland {
  const { directory, clock, duty, onFenced, onNoSpace } = options;
  const opened = LogStore.open(directory, number, clock);
  if (!opened.ok) {
    const { code, message } = opened.error;
    fatal(code === 'disk-failed' ? 'diskFenced' : 'failed', `shard ${number} does not open: ${message}`);
  }
  const store = opened.value;
  const gateways = links.map((link) => shardEnd(link, options));
  links.forEach(({ memory, doorbell }, index) => {
    const attached = store.attachRing(ringBytes(memory.batches), openDoorbell(doorbell));
    assert(attached.ok && attached.value === index, 'rings are numbered in the order of gateways');
  });
  const rings = links.map(({ memory }) => new RingViews(memory.batches).data);
  const wake = () => duty.wakeSoon();
  const shard = new Shard({ store, clock, gateways, rings, page, onFenced, onNoSpace, wake });
  const groups = new ShardGroups({
    openLog: (handle) => shard.internalLogs.open(handle),
    clock,
    random: systemRandom,
    settings: options.coordinators,
    page: groupsPage,
    onProblem: options.onGroupsProblem,
    debug: options.log,
  });
  for (const link of links) serveGroups(link.groups, groups);
  const completions = store.watch(() => duty.wake());
  duty.add({ turn: () => shard.turn(), deadlineMs: () => shard.deadlineMs() }, [store, ...gateways], gateways);
  return {
    shard,
    groups,
    close: () => {
      groups.close();
      completions.close();
      return store.close(shard)?.message;
    },
  };
}

function shardEnd({ memory, port, doorbell }: LinkEndWiring, options: ShardIslandOptions): ShardEnd {
  // A ring whose other end lives on this thread needs no system call.
  const bell = doorbell === options.doorbell ? options.duty.ownDoorbell : openDoorbell(doorbell);
  const rings = {
    requests: new RingReader(memory.requests, bell),
    requestWords: ringWords(memory.requests),
    replies: new RingWriter(memory.replies, bell),
    replyWords: ringWords(memory.replies),
    replyCapacity: memory.replies.capacity,
  };
  return new ShardEnd(
    rings,
    shardPort(port, () => options.duty.wakeSoon()),
    memory.answersSizeMax,
  );
}

import type { ViewChange, ViewFacts } from '../cluster/view.js';
import type { CoordinatorSettings } from '../coordinator/settings.js';
import type { GatewaySettings } from '../gateway/settings.js';
import { PageWriter } from '../metrics/page.js';
import { offsetsTopic } from '../model/internal-topics.js';
import type { CivilClock } from '../model/ports.js';
import { copierOf } from '../native/copy.js';
import { openDoorbell, watchDoorbell } from '../native/wakeup.js';
import { DutyCycle } from './duty-cycle.js';
import { GatewayIsland, type NodeFacts } from './gateway-island.js';
import type { CommandCall, FromDataThread, NodeCondition, ToDataThread } from './messages.js';
import { type ShardIsland, startShard } from './shard-island.js';
import { ThreadLog } from './thread-log.js';
import type { ThreadWiring } from './wiring.js';

/** What a data thread is started with. */
export interface DataThreadStart {
  readonly wiring: ThreadWiring;
  /** The id of the open data directory. */
  readonly directory: number;
  readonly facts: ViewFacts;
  readonly gateway: GatewaySettings;
  readonly node: NodeFacts;
  readonly coordinators: CoordinatorSettings;
}

const usageIntervalMs = 5000;

/** One data thread: its shards, its gateways, and the port to the cluster thread. */
export class DataThread {
  readonly gateways: readonly GatewayIsland[];
  readonly #send: (message: FromDataThread) => void;
  readonly #duty: DutyCycle;
  readonly #log: ThreadLog;
  readonly #stopWatching: () => void;
  readonly #shards = new Map<number, ShardIsland>();
  #stopTelling: () => void = () => undefined;

  constructor(start: DataThreadStart, clock: CivilClock, send: (message: FromDataThread) => void) {
    const { wiring, facts, gateway, node } = start;
    this.#send = send;
    const counts = new PageWriter(wiring.page);
    const [wakes, copies] = [counts.counter('wakes'), counts.counter('copies')];
    this.#duty = new DutyCycle(clock, () => wakes.add());
    this.#log = new ThreadLog(clock, (line) => send({ kind: 'log', line }));
    const doorbell = watchDoorbell(openDoorbell(wiring.doorbell), () => this.#duty.wake());
    this.#stopWatching = () => doorbell.close();
    for (const shard of wiring.shards) this.#openShard(shard, start, clock);
    const sendCommand = (id: number, call: CommandCall) => send({ kind: 'command', id, call });
    const common = {
      pages: wiring.pages,
      copy: copierOf(() => copies.add()),
      duty: this.#duty,
      doorbell: wiring.doorbell,
      clock,
      facts,
      node,
      settings: gateway,
      groupsHere: (shard: number) => this.#shards.get(shard)?.groups,
      log: this.#log,
      sendCommand,
    };
    this.gateways = wiring.gateways.map((each) => new GatewayIsland(each, common));
    this.#tellUsage(clock);
    send({ kind: 'opened' });
  }

  #openShard(shardWiring: ThreadWiring['shards'][number], start: DataThreadStart, clock: CivilClock): void {
    const { shard } = shardWiring;
    const { wiring, directory, coordinators } = start;
    const island = startShard(shardWiring, {
      directory,
      clock,
      duty: this.#duty,
      doorbell: wiring.doorbell,
      coordinators,
      log: this.#log,
      onFenced: (reason) => this.#send({ kind: 'fenced', shard, reason }),
      onNoSpace: () => this.#send({ kind: 'no-space' }),
      onGroupsProblem: (problem) => this.#send({ kind: 'groups-problem', shard, problem }),
    });
    this.#shards.set(shard, island);
  }

  receive(message: ToDataThread): void {
    switch (message.kind) {
      case 'assign':
        this.#assign(message);
        return;
      case 'view':
        this.#view(message.change);
        this.#send({ kind: 'viewed', version: message.change.version });
        return;
      case 'listen':
        return void this.#listen();
      case 'answer':
        this.gateways[0]?.commands.answer(message.id, message.result);
        return;
      case 'condition':
        this.#setCondition(message.condition);
        return;
      case 'drain':
        return void this.#drain(message.reason, message.reconnectAfterMs);
      case 'close':
        return void this.#close();
    }
  }

  /** Coordinators know before any gateway: whoever is sent to them finds them. */
  #view({ changed, removed, ...change }: ViewChange): void {
    for (const { groups } of this.#shards.values()) for (const { name, topicId } of removed) groups.forgetTopic(name, topicId);
    const partitions = changed.find(({ route }) => route.name === offsetsTopic)?.route.partitions ?? [];
    for (const [number, { groups }] of partitions.length === 0 ? [] : this.#shards) {
      const own = partitions.filter(({ shard }) => shard === number);
      groups.lead(own, partitions.length);
    }
    for (const gateway of this.gateways) gateway.watch.apply({ changed, removed, ...change });
  }

  #tellUsage(clock: CivilClock): void {
    this.#stopTelling = clock.after(usageIntervalMs, () => this.#tellUsage(clock));
    for (const { shard, groups } of this.#shards.values()) {
      shard.measures.look();
      groups.measure();
    }
    this.#send({ kind: 'usage', topics: [...this.#shards.values()].flatMap(({ shard }) => shard.measures.usage) });
  }

  #assign({ number, assignment }: Extract<ToDataThread, { kind: 'assign' }>): void {
    const { shard } = assignment;
    this.#shards
      .get(shard)
      ?.shard.control.assign(assignment, (answers) => this.#send({ kind: 'assigned', number, shard, answers }));
    this.#duty.wakeSoon();
  }

  async #listen(): Promise<void> {
    const addresses = await Promise.all(this.gateways.map((gateway) => gateway.listen()));
    this.#send({ kind: 'listening', addresses });
  }

  #setCondition(condition: NodeCondition): void {
    for (const gateway of this.gateways) gateway.setCondition(condition);
  }

  async #drain(reason: string, reconnectAfterMs: number): Promise<void> {
    for (const { groups } of this.#shards.values()) groups.drain();
    await Promise.all(this.gateways.map((gateway) => gateway.drain(reason, reconnectAfterMs)));
    this.#send({ kind: 'drained' });
  }

  /** After every gateway of the node has drained: nothing is under way. */
  async #close(): Promise<void> {
    this.#stopTelling();
    await Promise.all(this.gateways.map((gateway) => gateway.close()));
    this.#duty.stop();
    this.#stopWatching();
    const problems = [...this.#shards.values()].flatMap((island) => island.close() ?? []);
    this.#send({ kind: 'closed', problems });
  }
}

import type { ViewFacts } from '../cluster/view.js';
import type { GatewaySettings } from '../gateway/settings.js';
import type { Clock } from '../model/ports.js';
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
}

const usageIntervalMs = 5000;

/** One data thread: its shards, its gateways, and the port to the cluster thread. */
export class DataThread {
  readonly #send: (message: FromDataThread) => void;
  readonly #duty: DutyCycle;
  readonly #stopWatching: () => void;
  readonly #shards = new Map<number, ShardIsland>();
  readonly #gateways: readonly GatewayIsland[];
  #stopTelling: () => void = () => undefined;

  constructor(
    { wiring, directory, facts, gateway, node }: DataThreadStart,
    clock: Clock,
    send: (message: FromDataThread) => void,
  ) {
    this.#send = send;
    this.#duty = new DutyCycle(clock);
    const doorbell = watchDoorbell(openDoorbell(wiring.doorbell), () => this.#duty.wake());
    this.#stopWatching = () => doorbell.close();
    for (const shard of wiring.shards) this.#openShard(shard, wiring.doorbell, directory, clock);
    const sendCommand = (id: number, call: CommandCall) => send({ kind: 'command', id, call });
    const common = {
      pages: wiring.pages,
      duty: this.#duty,
      doorbell: wiring.doorbell,
      clock,
      facts,
      node,
      settings: gateway,
      log: new ThreadLog(clock, (line) => send({ kind: 'log', line })),
      sendCommand,
    };
    this.#gateways = wiring.gateways.map((each) => new GatewayIsland(each, common));
    this.#tellUsage(clock);
    send({ kind: 'opened' });
  }

  #openShard(wiring: ThreadWiring['shards'][number], doorbell: number, directory: number, clock: Clock): void {
    const { shard } = wiring;
    const onFenced = (reason: string) => this.#send({ kind: 'fenced', shard, reason });
    const onNoSpace = () => this.#send({ kind: 'no-space' });
    this.#shards.set(shard, startShard(wiring, { directory, clock, duty: this.#duty, doorbell, onFenced, onNoSpace }));
  }

  receive(message: ToDataThread): void {
    switch (message.kind) {
      case 'assign':
        this.#assign(message);
        return;
      case 'view':
        for (const gateway of this.#gateways) gateway.watch.apply(message.change);
        this.#send({ kind: 'viewed', version: message.change.version });
        return;
      case 'listen':
        return void this.#listen();
      case 'answer':
        this.#gateways[0]?.commands.answer(message.id, message.result);
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

  #tellUsage(clock: Clock): void {
    this.#stopTelling = clock.after(usageIntervalMs, () => this.#tellUsage(clock));
    for (const { shard } of this.#shards.values()) shard.measures.look();
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
    const addresses = await Promise.all(this.#gateways.map((gateway) => gateway.listen()));
    this.#send({ kind: 'listening', addresses });
  }

  #setCondition(condition: NodeCondition): void {
    for (const gateway of this.#gateways) gateway.setCondition(condition);
  }

  async #drain(reason: string, reconnectAfterMs: number): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway.drain(reason, reconnectAfterMs)));
    this.#send({ kind: 'drained' });
  }

  /** After every gateway of the node has drained: nothing is under way. */
  async #close(): Promise<void> {
    this.#stopTelling();
    await Promise.all(this.#gateways.map((gateway) => gateway.close()));
    this.#duty.stop();
    this.#stopWatching();
    const problems = [...this.#shards.values()].flatMap((island) => island.close() ?? []);
    this.#send({ kind: 'closed', problems });
  }
}

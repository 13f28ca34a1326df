import { systemClock, systemRandom } from '../../ts/broker/clock.js';
import { ViewWatch } from '../../ts/broker/cluster-watch.js';
import { DutyCycle } from '../../ts/broker/duty-cycle.js';
import { openGatewayLinks } from '../../ts/broker/gateway-links.js';
import { planMemory } from '../../ts/broker/memory.js';
import { startShard } from '../../ts/broker/shard-island.js';
import { wire } from '../../ts/broker/wiring.js';
import { Controller } from '../../ts/cluster/controller/controller.js';
import { coordinatorDefaults } from '../../ts/coordinator/settings.js';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { rows } from '../../ts/gateway/kafka/apis/index.js';
import { dispatch } from '../../ts/gateway/kafka/dispatch.js';
import { FetchSessions } from '../../ts/gateway/kafka/fetch-sessions.js';
import type { Finished, Task } from '../../ts/gateway/kafka/pipeline.js';
import { Routing } from '../../ts/gateway/routing.js';
import { defaultSettings } from '../../ts/gateway/settings.js';
import { ShardCalls } from '../../ts/gateway/shard-calls.js';
import { Tails } from '../../ts/gateway/tails.js';
import { Fetch } from '../../ts/gateway/verbs/fetch.js';
import { Gather } from '../../ts/gateway/verbs/gather.js';
import { Groups } from '../../ts/gateway/verbs/groups.js';
import { MissingTopics } from '../../ts/gateway/verbs/missing-topics.js';
import type { Verbs } from '../../ts/gateway/verbs/verbs.js';
import { readBrokerConfig } from '../../ts/model/broker-config.js';
import { nodeSettings } from '../../ts/model/node-settings.js';
import type { Failure } from '../../ts/model/ports.js';
import { ok } from '../../ts/model/result.js';
import { copierOf } from '../../ts/native/copy.js';
import { watchDoorbell } from '../../ts/native/wakeup.js';
import { Room } from '../../ts/ring/room.js';
import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { newProduce } from '../gateway/produce-verb.js';
import { ask, type Peer } from '../kafka/ask.js';
import { joined } from '../kafka/messages.js';
import { openDirectory, opened } from '../log/store.js';

const shardsCount = 2;
const batchSizeMax = 1 << 20;
const sizeHead = 4;

/** A node's parts on one thread, without sockets: requests go in as frames, answers come out decoded. */
export class KafkaDoor implements Peer {
  readonly advertised = { host: 'broker.example', port: 19092 };
  readonly verbs: Verbs;
  readonly #sessions = new FetchSessions({ countMax: 10, sizeMax: 1 << 20 }, systemRandom);
  /** Of the node: none, until a test says so. */
  refusal: Failure | undefined;
  autoCreateTopics = true;
  readonly #closing: (() => void)[] = [];

  private constructor(data: string, onReady: () => void) {
    const clock = systemClock();
    const directory = openDirectory(data, { shards: shardsCount, batchSizeMax, nodeId: 1 });
    const consensus = opened(directory.takeConsensus());
    const { threads, doorbells } = wire([{ gateways: [0], shards: [0, 1] }], planMemory(64 << 20, 1, shardsCount));
    const [thread, doorbell] = [threads[0], doorbells[0]];
    const gateway = thread?.gateways[0];
    if (thread === undefined || gateway === undefined || doorbell === undefined) throw new Error('no thread');
    const duty = new DutyCycle(clock, () => undefined);
    const copy = copierOf(() => undefined);
    const bell = watchDoorbell(doorbell, () => duty.wake());
    const fatal = (reason: string) => {
      throw new Error(reason);
    };
    const none = () => undefined;
    const here = { directory: directory.id, clock, duty, doorbell: doorbell.id, log: { debug: none, info: none } };
    const common = { ...here, coordinators: coordinatorDefaults, onFenced: fatal, onNoSpace: none, onGroupsProblem: fatal };
    const islands = thread.shards.map((shard) => startShard(shard, common));
    const links = openGatewayLinks(gateway, {
      duty,
      doorbell: doorbell.id,
      copy,
      largeSizeMax: 8 << 20,
      largeReadSizeMax: 8 << 20,
      recalling: () => undefined,
    });
    const watch = new ViewWatch({ nodeId: 1, nodes: [], autoCreateTopics: true });
    Object.defineProperty(watch.view, 'autoCreateTopics', { get: () => this.autoCreateTopics });
    const controller: Controller = new Controller(
      {
        log: consensus,
        clock,
        random: { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) },
        defaults: { nodeId: 1, partitions: 2, replicationFactor: 1, partitionsMax: 1000, configs: { batchSizeMax } },
        shardsCount,
        offsetsTopic: { configs: {} },
      },
      {
        onAssignment: (number, assignment) => {
          islands[assignment.shard]?.shard.control.assign(assignment, (answers) => {
            setImmediate(() => controller.assigned(number, assignment.shard, answers));
          });
          duty.wakeSoon();
        },
        onView: (change) => {
          watch.apply(change);
          setImmediate(() => controller.viewed(change.version));
        },
        onReady,
        onOutgoing: () => undefined,
        onFatal: fatal,
      },
    );
    const limits = { ...defaultSettings.limits, batchSizeMax };
    const routing = new Routing(
      watch,
      links.map((link) => new ShardCalls(link, { sizeMax: 8 << 20, countMax: 1000 })),
    );
    const [deadlines, tails, missing] = [new Deadlines(clock), new Tails(), new MissingTopics(routing, controller, 1 << 20)];
    const config = readBrokerConfig({ options: { data, 'num.partitions': '2' } });
    if (!config.ok) throw new Error(config.error);
    const node = {
      version: '0',
      uptimeMs: () => 1,
      reasons: () => [],
      produceRefusal: () => this.refusal,
      dataSize: () => 0,
      diskFree: () => 5,
      disk: () => ({ path: data, totalSize: 1000, freeSize: 5 }),
      settings: nodeSettings(config.value),
      logLevel: () => 'info' as const,
      configsOf: () => [],
    };
    this.verbs = {
      routing,
      commands: controller,
      nodeCommands: { setLogLevel: async () => ok(undefined) },
      missing,
      produce: newProduce({ routing, missing, node, deadlines, clock }, batchSizeMax),
      fetch: new Fetch({ routing, tails, deadlines, waitingMax: 10 }),
      groups: new Groups({ routing, commands: controller, coordinators: [] }),
      gather: new Gather({ tails, deadlines, room: new Room(8 << 20), sizeMax: 1 << 20, waitingMax: 10, mayLend: false }),
      node,
      clock,
      limits,
      counts: () => ({ connections: 0, subscriptions: 0 }),
    };
    this.#closing.push(() => {
      deadlines.close();
      controller.close();
      for (const link of links) link.close();
      duty.stop();
      bell.close();
      for (const island of islands) island.close();
      directory.close();
      for (const { port } of [...thread.shards, ...thread.gateways].flatMap((end) => end.links)) port.close();
    });
    controller.start(directory.report.incarnation);
  }

  static async open(data: string): Promise<KafkaDoor> {
    let onReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      onReady = resolve;
    });
    const door = new KafkaDoor(data, onReady);
    await ready;
    return door;
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close();
  }

  /** The answer, or why the connection would end. */
  ask<Request extends Fields, Response extends Fields>(
    api: Api<number, Request, Response>,
    version: number,
    value: Encodable<Request>,
  ): Promise<Decoded<Response>> {
    return ask(this, api, version, value);
  }

  answer(frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { verbs, advertised } = this;
      const inTurn = (task: Task) => void task();
      const exchange = { verbs, advertised, clientHost: '127.0.0.1', inTurn, sessions: this.#sessions };
      const reply = ({ encoded }: Finished) => {
        if (encoded === undefined) reject(new Error('no answer'));
        else resolve(joined(encoded).subarray(sizeHead));
      };
      const problem = dispatch(rows, exchange, new Reader(frame), reply, (reason) => reject(new Error(reason)));
      if (problem !== undefined) reject(new Error(problem));
    });
  }
}

/** Every version that is served. */
export function versionsOf({ served: [first, last] }: Api): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

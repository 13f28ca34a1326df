import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { Controller } from '../cluster/controller/controller.js';
import { assert } from '../model/assert.js';
import type { HostAnswer } from '../model/assignment.js';
import type { BrokerConfig } from '../model/broker-config.js';
import type { ExitReason } from '../model/exit-codes.js';
import { type LogLevel, logsAt } from '../model/log-level.js';
import { nodeSettings } from '../model/node-settings.js';
import type { Clock, Failure } from '../model/ports.js';
import { addressText } from '../model/quantities.js';
import { failed, ok, type Result } from '../model/result.js';
import { type DiskSpace, diskSpace } from '../native/disk-space.js';
import { DataDirectory } from '../native/log.js';
import type { TopicUsage } from '../shard/measures.js';
import { boundConfig } from './bound-config.js';
import { systemRandom } from './clock.js';
import type { DataThreadStart } from './data-thread.js';
import { DiskWatch } from './disk-watch.js';
import { FanIn } from './fan-in.js';
import { gatewaySettings } from './gateway-settings.js';
import { coordinatorSettings, offsetsTopicSettings } from './group-settings.js';
import { defaultMemory, planMemory } from './memory.js';
import type { CommandCall, CommandName } from './messages.js';
import { claimPorts, type PortClaim, releasePorts } from './port-claim.js';
import { defaultShardsCount, planThreads } from './thread-plan.js';
import { DataThreadHost, type ThreadEvents } from './threads.js';
import { wire } from './wiring.js';

export interface NodeAddresses {
  readonly kafka: readonly string[];
  readonly gateway: string;
}

export interface NodeEnd {
  readonly reason: ExitReason;
  readonly message: string;
}

const reconnectAfterMs = 500;

/** Refused with produce: once committed, a topic whose files find no room is there and cannot be served. */
const makesFiles: ReadonlySet<CommandName> = new Set<CommandName>(['createTopic', 'createOffsetsTopic', 'addPartitions']);

/** Doorbells end with their last holder, and threads open them by number: they live as long as the process. */
const keepAlive: unknown[] = [];

/**
 * A node: one process, its data directory, its threads. Lives on: the cluster thread, which is the process's first.
 */
export class Node {
  readonly #log: Logger;
  readonly #directory: DataDirectory;
  readonly #controller: Controller;
  readonly #threads: readonly DataThreadHost[];
  readonly #disk: DiskWatch;
  #addresses: NodeAddresses | undefined;
  #produceRefusal: Failure | undefined;
  #logLevel: LogLevel;
  readonly #fences: string[] = [];
  readonly #usage = new Map<DataThreadHost, readonly TopicUsage[]>();
  #space: DiskSpace = { freeSize: 0, totalSize: 0 };
  #isDraining = false;

  private constructor(config: BrokerConfig, directory: DataDirectory, clock: Clock, log: Logger, onEnd: (end: NodeEnd) => void) {
    this.#log = log;
    this.#logLevel = config['log-level'];
    this.#directory = directory;
    const shardsCount = shardsOf(config);
    const plan = planThreads(shardsCount);
    const memory = planMemory(config.memory ?? defaultMemory(), plan.length, shardsCount);
    const { threads, doorbells } = wire(plan, memory);
    keepAlive.push(...doorbells);
    const viewed = new FanIn(threads.length, (version) => this.#controller.viewed(version));
    const events: ThreadEvents = {
      command: (call) => this.#command(call),
      assigned: (number, shard, answers) => this.#assigned(number, shard, answers),
      viewed: (version) => viewed.answered(version),
      fenced: (shard, reason) => this.#fenced(shard, reason),
      noSpace: () => this.#disk.noSpace(),
      groupsProblem: (shard, problem) => log.error({ shard }, problem),
      log: ({ level, fields, text }) => log[level](fields, text),
      usage: (thread, topics) => this.#setUsage(thread, topics),
    };
    const consensus = directory.takeConsensus();
    assert(consensus.ok, 'a directory that was just opened has its metadata log');
    const nodeId = config['node-id'];
    this.#controller = new Controller(
      {
        log: consensus.value,
        clock,
        random: systemRandom,
        shardsCount,
        offsetsTopic: offsetsTopicSettings(config),
        defaults: {
          nodeId,
          partitions: config['num.partitions'],
          replicationFactor: config['default.replication.factor'],
          partitionsMax: config['partitions-max'],
          configs: { batchSizeMax: config['message-size-max'] },
        },
      },
      {
        onAssignment: (number, assignment) => this.#hostOf(assignment.shard).assign(number, assignment),
        onView: (change) => {
          for (const thread of this.#threads) thread.view(change);
        },
        onReady: () => this.#ready(),
        onOutgoing: () => assert(false, 'a quorum of one has nobody to write to'),
        onFatal: (reason, message) => onEnd({ reason, message }),
      },
    );
    const nodes = [{ nodeId, gateway: addressText(config.gateway) }];
    const facts = { nodeId, nodes, autoCreateTopics: config['auto.create.topics.enable'] };
    const gateway = gatewaySettings(config, memory, plan.length);
    const node = { dataDirectory: resolve(config.data), settings: nodeSettings(config) };
    const coordinators = coordinatorSettings(config);
    this.#threads = threads.map((wiring) => {
      const start: DataThreadStart = { wiring, directory: directory.id, facts, gateway, node, coordinators };
      return new DataThreadHost(start, events);
    });
    const space = () => diskSpace(config.data);
    this.#disk = new DiskWatch(clock, space, config['disk-full-percent'], {
      onSpace: (space) => this.#setSpace(space),
      onFull: (refusal) => this.#setProduceRefusal(refusal),
    });
  }

  #onReady: (() => void) | undefined;

  /** Recovers the data directory and starts everything on it; resolves when clients may come. */
  static async start(
    config: BrokerConfig,
    clock: Clock,
    log: Logger,
    onEnd: (end: NodeEnd) => void,
  ): Promise<Result<Node, NodeEnd>> {
    const claimed = await claimPorts([config.gateway, ...config.kafka]);
    if (!claimed.ok) return failed({ reason: 'failed', message: claimed.error });
    const claims = claimed.value;
    const opened = DataDirectory.open({
      data: config.data,
      shards: shardsOf(config),
      journalSize: config.journal,
      batchSizeMax: config['message-size-max'],
      clock,
      io: config.io,
      pageCache: config['page-cache'],
      sync: config.sync,
      setAsideCorrupt: config['set-aside-corrupt'],
      nodeId: config['node-id'],
    });
    if (!opened.ok) {
      await releasePorts(claims);
      return failed(endOf(opened.error));
    }
    const directory = opened.value;
    log.info({ recovery: directory.report }, 'the data directory is open');
    const node = new Node(boundConfig(config, claims), directory, clock, log, onEnd);
    const running = await node.#start(directory.report.incarnation, claims);
    // Its threads run by now, and would keep the process.
    if (!running.ok) onEnd(running.error);
    return running.ok ? ok(node) : running;
  }

  async #start(startCount: number, claims: readonly PortClaim[]): Promise<Result<void, NodeEnd>> {
    const isReady = new Promise<void>((resolve) => {
      this.#onReady = resolve;
    });
    await Promise.all(this.#threads.map((thread) => thread.opened()));
    this.#controller.start(startCount);
    await isReady;
    await releasePorts(claims);
    const gateways = (await Promise.all(this.#threads.map((thread) => thread.listen()))).flat();
    const problem = gateways.find((gateway) => !gateway.ok);
    if (problem?.ok === false) return failed({ reason: 'failed', message: problem.error });
    const [gateway] = gateways;
    assert(gateway?.ok === true, 'a node has a gateway');
    this.#addresses = { kafka: gateway.value.kafka, gateway: gateway.value.gateway };
    this.#disk.start();
    this.#tellCondition();
    return ok(undefined);
  }

  get addresses(): NodeAddresses {
    assert(this.#addresses !== undefined, 'the node is ready');
    return this.#addresses;
  }

  get clusterId(): string {
    return this.#controller.image.clusterId ?? '';
  }

  #ready(): void {
    this.#onReady?.();
  }

  #hostOf(shard: number): DataThreadHost {
    const thread = this.#threads[shard];
    assert(thread !== undefined, `there is no shard ${shard}`);
    return thread;
  }

  #assigned(number: number, shard: number, answers: readonly HostAnswer[]): void {
    for (const answer of answers) {
      if ('failure' in answer) this.#log.error({ shard, ...answer }, textAbout(answer));
    }
    this.#controller.assigned(number, shard, answers);
  }

  async #command(call: CommandCall): Promise<Result<unknown, Failure>> {
    const result = await (call.name === 'setLogLevel' ? this.#setLogLevel(call.args[0] as LogLevel) : this.#clusterCommand(call));
    this.#log.debug({ command: call.name, failure: result.ok ? undefined : result.error }, 'a command is answered');
    return result;
  }

  /** The change itself is logged by the level that shows more. */
  #setLogLevel(level: LogLevel): Result<void, Failure> {
    const change = { from: this.#logLevel, to: level };
    const tell = () => this.#log.warn(change, 'the level of logging is changed');
    if (logsAt(change.from, level)) tell();
    this.#log.level = level;
    if (!logsAt(change.from, level)) tell();
    this.#logLevel = level;
    this.#tellCondition();
    return ok(undefined);
  }

  #clusterCommand({ name, args }: CommandCall): Promise<Result<unknown, Failure>> {
    assert(name !== 'setLogLevel', 'the controller knows nothing of logs');
    const refusal = makesFiles.has(name) ? this.#refusal() : undefined;
    if (refusal !== undefined) return Promise.resolve(failed(refusal));
    // A name and its arguments come from RemoteCommands, which is typed like the controller.
    const command = (this.#controller[name] as (...args: readonly unknown[]) => Promise<Result<unknown, Failure>>).bind(
      this.#controller,
    );
    return command(...args);
  }

  #fenced(shard: number, reason: string): void {
    this.#log.fatal({ shard, reason }, 'the log directory has failed: nothing more is acknowledged, reads go on');
    this.#fences.push(`shard ${shard}: ${reason}`);
    this.#tellCondition();
  }

  /** Told with the next usage: both are as of some seconds ago. */
  #setSpace(space: DiskSpace): void {
    this.#space = space;
  }

  #setUsage(thread: DataThreadHost, topics: readonly TopicUsage[]): void {
    this.#usage.set(thread, topics);
    this.#tellCondition();
  }

  #setProduceRefusal(refusal: Failure | undefined): void {
    this.#produceRefusal = refusal;
    if (refusal === undefined) {
      this.#log.info('the disk has room again: produce is taken');
      this.#controller.roomAgain();
    } else this.#log.warn({ reason: refusal.message }, 'produce is refused');
    this.#tellCondition();
  }

  get #fence(): Failure | undefined {
    return this.#fences.length === 0 ? undefined : { error: 'storage-failed', message: this.#fences.join('; ') };
  }

  #refusal(): Failure | undefined {
    return this.#fence ?? this.#produceRefusal;
  }

  #tellCondition(): void {
    const refusal = this.#refusal();
    const reasons = [this.#fence?.message, this.#produceRefusal?.message, this.#isDraining ? 'shutting down' : undefined];
    const condition = {
      isReady: refusal === undefined && !this.#isDraining,
      reasons: reasons.filter((reason) => reason !== undefined),
      usage: [...this.#usage.values()].flat(),
      diskFree: this.#space.freeSize,
      diskSize: this.#space.totalSize,
      logLevel: this.#logLevel,
      ...(refusal === undefined ? {} : { produceRefusal: refusal }),
    };
    for (const thread of this.#threads) thread.setCondition(condition);
  }

  /** Finishes what was begun, tells clients when to come back, checkpoints and lets go of the directory. */
  async stop(reason: string): Promise<readonly string[]> {
    this.#isDraining = true;
    this.#disk.stop();
    this.#tellCondition();
    await Promise.all(this.#threads.map((thread) => thread.drain(reason, reconnectAfterMs)));
    this.#controller.close();
    const problems = await Promise.all(this.#threads.map((thread) => thread.close()));
    this.#directory.close();
    return problems.flat();
  }
}

function textAbout({ isRemoval, failure }: Extract<HostAnswer, { readonly failure: Failure }>): string {
  if (isRemoval) return 'files of a deleted topic are not removed';
  return `a partition cannot be served until ${failure.error === 'disk-full' ? 'the disk has room' : 'the next start'}`;
}

function shardsOf(config: BrokerConfig): number {
  return config.shards ?? defaultShardsCount(availableParallelism());
}

function endOf({ code, message }: { readonly code: string; readonly message: string }): NodeEnd {
  const reasons: Readonly<Record<string, ExitReason>> = {
    'in-use': 'directoryInUse',
    corrupt: 'corruption',
    'disk-failed': 'diskFenced',
    'wrong-setting': 'wrongUsage',
  };
  return { reason: reasons[code] ?? 'failed', message };
}

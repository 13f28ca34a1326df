import type { ViewFacts } from '../cluster/view.js';
import { Gateway } from '../gateway/gateway.js';
import type { GatewaySettings } from '../gateway/settings.js';
import type { Verbs } from '../gateway/verbs/verbs.js';
import type { Page } from '../metrics/page.js';
import { MetricsRegistry } from '../metrics/registry.js';
import type { GroupCoordinator } from '../model/group-ports.js';
import type { NodeSetting } from '../model/node-settings.js';
import type { CivilClock, ClusterWatch, CopyInto, NodeView } from '../model/ports.js';
import { failed, ok, type Result } from '../model/result.js';
import { describeConfigs } from '../model/topic-config.js';
import { findKeyless } from '../native/codec.js';
import { ViewWatch } from './cluster-watch.js';
import { conditionMetrics, processMetrics, topicMetrics } from './collected.js';
import type { DutyCycle } from './duty-cycle.js';
import { endOnFailure } from './fault.js';
import { openGatewayLinks } from './gateway-links.js';
import { KafkaListener } from './kafka-listener.js';
import type { CommandCall, GatewayAddresses, NodeCondition } from './messages.js';
import { ProgramFiles } from './program-files.js';
import { RecordPool } from './record-pool.js';
import { RemoteCommands } from './remote-commands.js';
import { RemoteGroups } from './remote-groups.js';
import type { ThreadLog } from './thread-log.js';
import { version } from './version.js';
import type { GatewayWiring } from './wiring.js';

/** What of the node stays as it is. */
export interface NodeFacts {
  readonly dataDirectory: string;
  readonly settings: readonly NodeSetting[];
}

export interface GatewayIslandOptions {
  readonly duty: DutyCycle;
  /** Of all threads. */
  readonly pages: readonly Page[];
  readonly copy: CopyInto;
  /** Of this thread. */
  readonly doorbell: number;
  readonly clock: CivilClock;
  readonly facts: ViewFacts;
  readonly node: NodeFacts;
  readonly settings: GatewaySettings;
  /** Of shards on this thread; others are reached by port. */
  readonly groupsHere: (shard: number) => GroupCoordinator | undefined;
  readonly log: ThreadLog;
  readonly sendCommand: (id: number, call: CommandCall) => void;
}

/** So long answers that are owed are waited for. */
const drainMs = 10_000;
/** Of what may wait, batches that no ring can hold may be as much as one in so many. */
const largeShare = 2;

/** A gateway with its links to all shards, at work on this thread. */
export class GatewayIsland {
  readonly watch: ViewWatch;
  readonly commands: RemoteCommands;
  readonly #gateway: Gateway;
  readonly #log: ThreadLog;
  readonly #settings: GatewaySettings;
  readonly #records = new RecordPool();
  readonly #links: ReturnType<typeof openGatewayLinks>;
  readonly #kafka: KafkaListener | undefined;
  #condition: NodeCondition = { isReady: false, reasons: ['starting'], usage: [], diskFree: 0, diskSize: 0, logLevel: 'info' };

  constructor(wiring: GatewayWiring, options: GatewayIslandOptions) {
    const { duty, doorbell, clock, facts, node, settings, log, sendCommand } = options;
    this.#log = log;
    this.#settings = settings;
    this.watch = new ViewWatch(facts);
    this.commands = new RemoteCommands(sendCommand);
    const largeSizeMax = settings.waitingSizeMax / largeShare;
    this.#links = openGatewayLinks(wiring, {
      duty,
      doorbell,
      largeSizeMax,
      largeReadSizeMax: settings.largeReadSizeMax,
      copy: options.copy,
      recalling: (file) => this.#kafka?.takeBack(file),
    });
    const startedMs = clock.monotonicMs();
    this.#kafka = settings.kafka && new KafkaListener(settings.kafka, duty, clock);
    const reason = this.#kafka?.net.fallbackReason;
    if (reason !== undefined) log.info({ reason }, 'sockets of Kafka clients use epoll: io_uring is not to be had');
    this.#gateway = new Gateway(settings, {
      shards: this.#links,
      coordinators: wiring.links.map(({ memory, groups }) => options.groupsHere(memory.shard) ?? new RemoteGroups(groups)),
      commands: this.commands,
      nodeCommands: this.commands,
      log,
      cluster: this.watch,
      node: nodeView(
        node,
        this.watch,
        () => this.#condition,
        () => clock.monotonicMs() - startedMs,
      ),
      clock,
      copy: options.copy,
      findKeyless,
      records: this.#records,
      files: new ProgramFiles(),
      metrics: this.#registry(wiring, options.pages),
      page: wiring.page,
      onFault: endOnFailure,
      ...(this.#kafka === undefined ? {} : { kafka: this.#kafka }),
    });
    if (this.#gateway.door !== undefined) this.#kafka?.serve(this.#gateway.door);
  }

  /** For the other doors of this thread. */
  get verbs(): Verbs {
    return this.#gateway.verbs;
  }

  #registry(wiring: GatewayWiring, pages: readonly Page[]): MetricsRegistry {
    const registry = new MetricsRegistry();
    for (const page of pages) if (page.memory !== wiring.page.memory) registry.add(page);
    registry.collect(() => topicMetrics(this.watch.view, this.#condition.usage));
    registry.collect(() => conditionMetrics(this.#condition));
    registry.collect(processMetrics);
    return registry;
  }

  /** Where it listens, or why it does not. */
  async listen(): Promise<Result<GatewayAddresses, string>> {
    const kafka = this.#kafka?.listen();
    if (kafka?.ok === false) return kafka;
    const { host, port: wanted } = this.#settings;
    const port = await this.#gateway.listen();
    const shownHost = host.includes(':') ? `[${host}]` : host;
    if (port === undefined)
      return failed(`${shownHost}:${wanted} is in use, or no address of this machine: choose another --gateway`);
    return ok({ gateway: `http://${shownHost}:${port}`, kafka: kafka?.value ?? [] });
  }

  setCondition(condition: NodeCondition): void {
    this.#condition = condition;
    this.#log.setLevel(condition.logLevel);
  }

  async drain(reason: string, reconnectAfterMs: number): Promise<void> {
    await this.#gateway.drain(reason, { reconnectAfterMs, waitMs: drainMs });
  }

  async close(): Promise<void> {
    this.#kafka?.close();
    this.#gateway.close();
    for (const link of this.#links) link.close();
    await this.#records.close();
  }
}

function nodeView(
  { dataDirectory, settings }: NodeFacts,
  watch: ClusterWatch,
  condition: () => NodeCondition,
  uptimeMs: () => number,
): NodeView {
  return {
    version,
    uptimeMs,
    reasons: () => condition().reasons,
    produceRefusal: () => condition().produceRefusal,
    dataSize: () => condition().usage.reduce((sum, { size }) => sum + size, 0),
    diskFree: () => condition().diskFree,
    disk: () => ({ path: dataDirectory, totalSize: condition().diskSize, freeSize: condition().diskFree }),
    settings,
    logLevel: () => condition().logLevel,
    configsOf: (topic) => {
      const configs = watch.view.configsOf(topic) ?? {};
      return describeConfigs(configs).map(({ doc, ...each }) => ({ ...each, documentation: doc, isReadOnly: false }));
    },
  };
}

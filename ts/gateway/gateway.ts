import { newPage, type Page } from '../metrics/page.js';
import type { MetricsRegistry } from '../metrics/registry.js';
import type { GroupCoordinator } from '../model/group-ports.js';
import type {
  CivilClock,
  ClusterCommands,
  ClusterWatch,
  CopyInto,
  DebugLog,
  FindKeyless,
  NodeCommands,
  NodeView,
  ShardPort,
} from '../model/ports.js';
import { Room } from '../ring/room.js';
import { GatewayCounts } from './counts.js';
import { type Deadline, Deadlines } from './deadlines.js';
import { Admission } from './http/admission.js';
import { Http } from './http/http.js';
import type { HttpReply, HttpRequest } from './http/message.js';
import type { RecordViews, StaticFiles } from './http/ports.js';
import { type DoorSockets, KafkaDoor } from './kafka/door.js';
import { gatewayProbe } from './probe.js';
import { Routing } from './routing.js';
import type { GatewaySettings } from './settings.js';
import { ShardCalls } from './shard-calls.js';
import { Framer } from './subscriptions/framer.js';
import { Outflow } from './subscriptions/outflow.js';
import { Subscriptions } from './subscriptions/subscriptions.js';
import { Tails } from './tails.js';
import { Fetch } from './verbs/fetch.js';
import { Gather } from './verbs/gather.js';
import { Groups } from './verbs/groups.js';
import { MissingTopics } from './verbs/missing-topics.js';
import { Produce } from './verbs/produce.js';
import type { Verbs } from './verbs/verbs.js';
import { Answers } from './websocket/answers.js';
import { Connection, type ConnectionPorts, type Socket } from './websocket/connection.js';
import { Server } from './websocket/server.js';

export interface GatewayPorts {
  /** By the numbers that routes name. */
  readonly shards: readonly ShardPort[];
  /** Of groups; by the same numbers. */
  readonly coordinators: readonly GroupCoordinator[];
  readonly commands: ClusterCommands;
  readonly nodeCommands: NodeCommands;
  readonly log: DebugLog;
  readonly cluster: ClusterWatch;
  readonly node: NodeView;
  readonly clock: CivilClock;
  readonly copy: CopyInto;
  readonly findKeyless: FindKeyless;
  readonly records: RecordViews;
  readonly files: StaticFiles;
  /** Of the whole node: the gateway adds its own page and answers /metrics from it. */
  readonly metrics: MetricsRegistry;
  readonly page?: Page;
  /** Sockets of the Kafka protocol; whoever gives them takes turns with `door`. */
  readonly kafka?: DoorSockets;
  /** A fault of our own. The process must end: half a broker is worse than none. */
  readonly onFault: (error: unknown) => void;
}

const sweepMs = 1_000;
/** Of one answer to a Kafka client. */
const gatherAnswerMax = 8 << 20;
const frameHeadMax = 256;
/** Up to so many live subscribers of a partition are sent to one by one. */
const directMax = 2;

/** Lives on: a gateway thread. The island's entry: everything else of it is made here. */
export class Gateway implements Deadline {
  /** For the other doors of this thread. */
  readonly verbs: Verbs;
  readonly #settings: GatewaySettings;
  readonly #ports: GatewayPorts;
  readonly #deadlines: Deadlines;
  readonly #shards: readonly ShardCalls[];
  readonly #tails = new Tails();
  readonly #outflow: Outflow;
  readonly #subscriptions: Subscriptions;
  readonly #connectionPorts: ConnectionPorts;
  readonly #connections = new Set<Connection>();
  readonly #counts: GatewayCounts;
  readonly #server: Server;
  readonly #http: Http;
  readonly #admission: Admission;
  readonly #fetch: Fetch;
  readonly #framer: Framer;
  readonly #gather: Gather;
  readonly #gatherRoom: Room;
  readonly door: KafkaDoor | undefined;
  #isDraining = false;
  #isClosed = false;

  constructor(settings: GatewaySettings, ports: GatewayPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const page = ports.page ?? newPage(gatewayProbe);
    ports.metrics.add(page);
    this.#counts = new GatewayCounts(page);
    this.#deadlines = new Deadlines(ports.clock);
    const calls = { sizeMax: settings.waitingSizeMax, countMax: settings.waitingCallsMax };
    this.#shards = ports.shards.map((shard) => new ShardCalls(shard, calls));
    const routing = new Routing(ports.cluster, this.#shards);
    this.#outflow = new Outflow(outflowSettings(settings), ports.clock, this.#deadlines);
    this.#framer = new Framer(settings.limits.fetchSizeMax + frameHeadMax, ports.copy);
    const framer = this.#framer;
    this.#subscriptions = this.#makeSubscriptions(routing, framer);
    this.#fetch = new Fetch({ routing, tails: this.#tails, deadlines: this.#deadlines, waitingMax: settings.waitingFetchesMax });
    this.#gatherRoom = new Room(settings.gatherSizeMax);
    this.#gather = new Gather({
      tails: this.#tails,
      deadlines: this.#deadlines,
      room: this.#gatherRoom,
      sizeMax: Math.min(gatherAnswerMax, settings.gatherSizeMax / 4),
      waitingMax: settings.waitingFetchesMax,
      mayLend: settings.sendsFiles,
    });
    const verbs = this.#makeVerbs(routing);
    this.verbs = verbs;
    this.#connectionPorts = {
      verbs,
      subscriptions: this.#subscriptions,
      framer,
      answers: new Answers(),
      server: `millrace/${ports.node.version}`,
      unreadSizeMax: settings.unreadSizeMax,
      count: this.#counts,
      log: ports.log,
      onClosed: (connection) => void this.#connections.delete(connection),
    };
    this.door = this.#makeDoor(verbs);
    this.#admission = new Admission(settings);
    this.#http = new Http({ verbs, settings, ports, admission: this.#admission, beforeMetrics: () => this.#measure() });
    this.#server = this.#makeServer();
    ports.cluster.onChange((changed) => {
      if (!this.#isClosed) this.#subscriptions.onTopicsChanged(changed.map(({ name }) => name));
    });
  }

  /** The port that it listens on; undefined: the address is not to be had. */
  async listen(): Promise<number | undefined> {
    const port = await this.#server.listen();
    if (port !== undefined) this.#deadlines.add(sweepMs, this);
    return port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Takes no more connections and tells the others when to come back; then waits for answers that are owed, to requests of either
   * protocol. True: all were given; false: some are still owed after this time.
   */
  async drain(reason: string, options: { readonly reconnectAfterMs: number; readonly waitMs: number }): Promise<boolean> {
    this.#isDraining = true;
    this.#server.drain(options.reconnectAfterMs);
    for (const connection of [...this.#connections]) connection.sayGoodbye(reason, options.reconnectAfterMs);
    this.door?.drain();
    this.#fetch.answerAll();
    this.#gather.answerAll();
    const endMs = this.#ports.clock.monotonicMs() + options.waitMs;
    while (this.#owes() && this.#ports.clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => void this.#ports.clock.after(5, resolve));
    }
    return !this.#owes();
  }

  /** Ends all connections and lets go of the port. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const connection of [...this.#connections]) connection.closeForRestart();
    this.#server.close();
    this.door?.close();
    for (const connection of [...this.#connections]) connection.onClosed();
    this.#deadlines.close();
  }

  /** Once in a while: who has been silent for too long. */
  onTime(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const connection of [...this.#connections]) connection.onTime(nowMs);
    this.door?.endStalled();
    this.#tails.sweep();
    this.#measure();
    if (!this.#isClosed) this.#deadlines.add(sweepMs, this);
  }

  #owes(): boolean {
    for (const connection of this.#connections) if (connection.hasRequests) return true;
    if ((this.door?.connectionsCount ?? 0) > 0) return true;
    return this.#server.hasRequests;
  }

  #makeSubscriptions(routing: Routing, framer: Framer): Subscriptions {
    const { limits, readsMax, partitionsPerConnectionMax } = this.#settings;
    return new Subscriptions({
      routing,
      tails: this.#tails,
      outflow: this.#outflow,
      deadlines: this.#deadlines,
      limits: {
        subscriptionsMax: limits.subscriptionsMax,
        partitionsMax: partitionsPerConnectionMax,
        creditMax: limits.creditMax,
        readsMax,
      },
      countCaughtUp: (size) => this.#counts.caughtUp.add(size),
      feeds: {
        frameSizeMax: limits.fetchSizeMax,
        directMax,
        frame: (served, batches, ends) => framer.push(served, batches, ends),
        publish: (channel, frame) => this.#server.publish(channel, frame),
        countPublished: (size, subscribers) => {
          this.#counts.pushed.add(size);
          this.#counts.publishes.add();
          this.#counts.deliveries.add(subscribers);
        },
      },
    });
  }

  #makeVerbs(routing: Routing): Verbs {
    const { commands, nodeCommands, node, clock, coordinators, findKeyless } = this.#ports;
    const { limits } = this.#settings;
    const missing = new MissingTopics(routing, commands, this.#settings.waitingSizeMax / 4);
    const observe = (ms: number) => this.#counts.produceTime.observe(ms / 1000);
    const deadlines = this.#deadlines;
    const { batchSizeMax } = limits;
    const produce = new Produce({ routing, missing, node, deadlines, batchSizeMax, clock, findKeyless, observe });
    const groups = new Groups({ routing, commands, coordinators });
    const counts = () => ({ connections: this.#connections.size, subscriptions: this.#subscriptions.count });
    return {
      routing,
      commands,
      nodeCommands,
      missing,
      produce,
      fetch: this.#fetch,
      gather: this.#gather,
      groups,
      node,
      clock,
      limits,
      counts,
    };
  }

  #makeDoor(verbs: Verbs): KafkaDoor | undefined {
    const { kafka, log } = this.#ports;
    const { kafka: settings } = this.#settings;
    if (kafka === undefined || settings === undefined) return undefined;
    const { listeners, roomSizeMax, burdenMax, fetchSessions } = settings;
    const { clock } = this.#ports;
    const fetchRoom = this.#gatherRoom;
    const { stallMsMin } = this.#settings;
    return new KafkaDoor({
      ...kafka,
      verbs,
      advertised: listeners.map(({ advertised }) => advertised),
      roomSizeMax,
      burdenMax,
      fetchSessions,
      fetchRoom,
      stallMsMin,
      clock,
      log,
      count: this.#counts.kafka,
    });
  }

  #makeServer(): Server {
    const { host, port, limits, bodySizeMax, bodiesSizeMax } = this.#settings;
    return new Server({
      host,
      port,
      // One that is only a little too large is told so before it is closed.
      messageSizeMax: limits.messageSizeMax + 1024 * 1024,
      bodySizeMax,
      bodiesSizeMax,
      idleMsMax: limits.idleMsMax * 2,
      admit: (name, origin) => this.#admission.check(name, origin),
      open: (socket) => this.#open(socket),
      hasRoom: () => !this.#isDraining && this.#connections.size < this.#settings.connectionsMax,
      serve: (request) => this.#serve(request),
      refused: () => this.#counts.refused.add(),
      onFault: this.#ports.onFault,
    });
  }

  #open(socket: Socket): Connection | undefined {
    if (this.#isDraining || this.#isClosed) return undefined;
    const connection = new Connection(socket, this.#connectionPorts);
    this.#connections.add(connection);
    this.#counts.opened.add();
    return connection;
  }

  async #serve(request: HttpRequest): Promise<HttpReply> {
    const reply = await this.#http.serve(request);
    this.#counts.http(reply.status);
    return reply;
  }

  #stalledSeen = 0;

  #measureCopies(): void {
    const sockets = this.door?.counters;
    if (sockets !== undefined) this.#counts.kafkaSockets(sockets, this.#ports.kafka?.net.fallbackReason !== undefined);
    const sum = (of: (calls: ShardCalls) => number) => this.#shards.reduce((total, calls) => total + of(calls), 0);
    this.#counts.copied({
      'kafka-receive': sockets?.movedSize ?? 0,
      waiting: sum(({ copied }) => copied.waiting),
      shard: sum(({ copied }) => copied.sent),
      frame: this.#framer.copiedSize,
      library: this.#server.givenSize,
      'kafka-send': this.door?.copiedSize ?? 0,
    });
  }

  #measure(): void {
    this.#measureCopies();
    const { endedCount } = this.#outflow;
    this.#counts.stalled(endedCount - this.#stalledSeen);
    this.#stalledSeen = endedCount;
    this.#counts.set('connections', this.#connections.size);
    this.#counts.set('subscriptions', this.#subscriptions.count);
    this.#counts.set('unsent', this.#outflow.used);
    this.#counts.set('kafkaBurden', this.door?.burdenSize ?? 0);
    this.#counts.set('kafkaPostponed', this.door?.postponedCount ?? 0);
    this.#counts.set('stalled', this.#outflow.stalledCount);
    this.#counts.set('waitingFetches', this.#fetch.waitingCount + this.#gather.waiting.size);
    this.#counts.set('kafkaFetchSessions', this.door?.sessions.count ?? 0);
    this.#counts.set('kafkaFetchSessionsSize', this.door?.sessions.size ?? 0);
    this.#counts.set(
      'waitingCalls',
      this.#shards.reduce((sum, { waiting }) => sum + waiting.count, 0),
    );
    this.#counts.set(
      'waitingSize',
      this.#shards.reduce((sum, { waiting }) => sum + waiting.size, 0),
    );
  }
}

function outflowSettings({ unsentSizeMax, stallMsMin, unreadSizeMax }: GatewaySettings) {
  return { sizeMax: unsentSizeMax, roundSizeMax: 64 * 1024, stallMsMin, unreadSizeMax };
}

// All of a node but its sockets and its threads, from the shipped code: the control plane, data threads with their shards, coordinators
// and gateways, on the thread of whoever starts it. Kafka's frames go in and come out.

const dist = new URL('../../dist/', import.meta.url).href;
const { Controller } = await import(`${dist}cluster/controller/controller.js`);
const { DataThread } = await import(`${dist}broker/data-thread.js`);
const { systemClock, systemRandom } = await import(`${dist}broker/clock.js`);
const { coordinatorSettings, offsetsTopicSettings } = await import(`${dist}broker/group-settings.js`);
const { FanIn } = await import(`${dist}broker/fan-in.js`);
const { gatewaySettings } = await import(`${dist}broker/gateway-settings.js`);
const { planMemory } = await import(`${dist}broker/memory.js`);
const { planThreads } = await import(`${dist}broker/thread-plan.js`);
const { wire } = await import(`${dist}broker/wiring.js`);
const { dispatch } = await import(`${dist}gateway/kafka/dispatch.js`);
const { rows } = await import(`${dist}gateway/kafka/apis/index.js`);
const { Reader } = await import(`${dist}wire/kafka/reader.js`);
const { readBrokerConfig } = await import(`${dist}model/broker-config.js`);
const { DataDirectory } = await import(`${dist}native/log.js`);

/**
 * @typedef {object} BrokerOptions
 * @property {number} [shards]
 * @property {Readonly<Record<string, string>>} [options] as of `millrace start`, without dashes
 * @property {number} [deadRecordsMax] of the coordinators
 */

export class Broker {
  /** What coordinators complained of. @type {string[]} */
  problems = [];
  /** @type {any} */
  controller;
  #directory;
  /** @type {any[]} */
  #threads = [];
  /** @type {(() => void)[]} */
  #closing = [];
  #doorbells;
  #pages;

  /** @param {string} data @param {BrokerOptions} options */
  static async start(data, options = {}) {
    const broker = new Broker(data, options);
    await broker.#ready;
    return broker;
  }

  /** @type {Promise<void>} */
  #ready;

  /** @param {string} data @param {BrokerOptions} options */
  constructor(data, { shards = 1, options = {}, deadRecordsMax }) {
    const read = readBrokerConfig({ options: { 'group.initial.rebalance.delay.ms': '0', journal: '8MiB', ...options, data } });
    if (!read.ok) throw new Error(read.error);
    const config = read.value;
    const clock = systemClock();
    const opened = DataDirectory.open({
      data,
      shards,
      journalSize: config.journal,
      batchSizeMax: config['message-size-max'],
      clock,
      nodeId: 1,
    });
    if (!opened.ok) throw new Error(opened.error.message);
    this.#directory = opened.value;
    const memory = planMemory(128 << 20, shards, shards);
    const { threads, doorbells } = wire(planThreads(shards), memory);
    this.#doorbells = doorbells;
    this.#pages = threads[0].pages;
    /** @type {() => void} */
    let onReady = () => undefined;
    this.#ready = new Promise((resolve) => {
      onReady = resolve;
    });
    this.controller = new Controller(
      {
        log: this.#directory.takeConsensus().value,
        clock,
        random: systemRandom,
        shardsCount: shards,
        offsetsTopic: offsetsTopicSettings(config),
        defaults: {
          nodeId: 1,
          partitions: 1,
          replicationFactor: 1,
          partitionsMax: 1000,
          configs: { batchSizeMax: config['message-size-max'] },
        },
      },
      {
        onAssignment: (/** @type {number} */ number, /** @type {any} */ assignment) =>
          this.#tell(assignment.shard, { kind: 'assign', number, assignment }),
        onView: (/** @type {any} */ change) => {
          for (const shard of this.#threads.keys()) this.#tell(shard, { kind: 'view', change });
        },
        onReady,
        onOutgoing: () => undefined,
        onFatal: (/** @type {string} */ reason, /** @type {string} */ message) => {
          throw new Error(`${reason}: ${message}`);
        },
      },
    );
    const viewed = new FanIn(shards, (/** @type {number} */ version) => this.controller.viewed(version));
    const settings = coordinatorSettings(config);
    const coordinators = { ...settings, deadRecordsMax: deadRecordsMax ?? settings.deadRecordsMax };
    const facts = { nodeId: 1, nodes: [{ nodeId: 1, gateway: '127.0.0.1:9080' }], autoCreateTopics: true };
    const node = { dataDirectory: config.data, settings: [] };
    this.#threads = threads.map((/** @type {any} */ wiring) => {
      const gateway = gatewaySettings(config, memory, shards);
      const start = { wiring, directory: this.#directory.id, facts, gateway, node, coordinators };
      return new DataThread(start, clock, (/** @type {any} */ message) =>
        setImmediate(() => this.#hear(wiring, message, viewed)),
      );
    });
    this.controller.start(this.#directory.report.incarnation);
  }

  /** @param {number} thread @param {any} message */
  #tell(thread, message) {
    setImmediate(() => this.#threads[thread].receive(message));
  }

  /** @param {any} wiring @param {any} message @param {any} viewed */
  async #hear(wiring, message, viewed) {
    const thread = wiring.shards[0].shard;
    if (message.kind === 'assigned') this.controller.assigned(message.number, message.shard, message.answers);
    else if (message.kind === 'viewed') viewed.answered(message.version);
    else if (message.kind === 'groups-problem') this.problems.push(message.problem);
    else if (message.kind === 'closed') this.#closing.shift()?.();
    else if (message.kind === 'command') {
      const result = await this.controller[message.call.name](...message.call.args);
      this.#tell(thread, { kind: 'answer', id: message.id, result });
    }
  }

  /**
   * The answer to one frame, behind its size, by the door of this thread; undefined: it has none.
   * @param {Uint8Array} frame without its size
   * @param {number} [thread]
   * @returns {Promise<Uint8Array>}
   */
  answer(frame, thread = 0) {
    return new Promise((resolve, reject) => {
      const exchange = {
        verbs: this.verbs(thread),
        advertised: { host: 'broker.example', port: 9092 },
        clientHost: '192.0.2.7',
      };
      const reply = (/** @type {any} */ { encoded, sent }) => {
        // What a door sends is its own until then: a copy.
        resolve(encoded.bytes.slice(4));
        sent();
      };
      const problem = dispatch(rows, exchange, new Reader(frame), reply, (/** @type {string} */ reason) =>
        reject(new Error(reason)),
      );
      if (problem !== undefined) reject(new Error(problem));
    });
  }

  /** @returns {any} */
  verbs(thread = 0) {
    return this.#threads[thread].gateways[0].verbs;
  }

  /** The sum of a counter over all shards. @param {string} name */
  counted(name) {
    let sum = 0;
    for (const { probe, memory } of this.#pages) {
      const at = Object.keys(probe).indexOf(name);
      if ('rewrites' in probe) sum += new Float64Array(memory)[at] ?? 0;
    }
    return sum;
  }

  async close() {
    const closed = this.#threads.map(() => new Promise((resolve) => this.#closing.push(() => resolve(undefined))));
    this.controller.close();
    for (const shard of this.#threads.keys()) this.#tell(shard, { kind: 'close' });
    await Promise.all(closed);
    this.#directory.close();
    void this.#doorbells;
  }
}
